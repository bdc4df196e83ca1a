/** Structured logs, one JSON object a line. Owns the shape of a line; where lines go is the caller's affair (stderr for commands). */

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A logger that adds these fields to every line. */
  child(fields: object): Logger;
}

const levels = { debug: 20, info: 30, warn: 40, error: 50 } as const;
export type LogLevel = keyof typeof levels;

/** Errors lose their fields in JSON; keep name, code, message and stack (logs only, never the window). */
function plain(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const code = 'code' in value ? value.code : undefined;
  return { name: value.name, message: value.message, code, stack: value.stack, cause: value.cause };
}

/**
 * A logger that writes JSON lines from `level` up.
 * @param write gets one line, newline included; `process.stderr.write` in commands.
 */
export function createLogger(level: LogLevel, write: (line: string) => void, base: object = {}): Logger {
  const at = (name: LogLevel) => (fields: object, message: string) => {
    if (levels[name] < levels[level]) return;
    write(
      `${JSON.stringify({ time: new Date().toISOString(), level: name, ...base, ...fields, msg: message }, plain)}\n`,
    );
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => createLogger(level, write, { ...base, ...fields }),
  };
}

const nothing = (): void => {};
/** Drops everything; for tests and tools. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
};
