/**
 * Plays a random program on one server: four connections and one more for questions. After each burst it waits until the burst is
 * answered or its client is known to wait, so that the order of events is the same on every server.
 */
import { connect, type Socket } from 'node:net';
import { replyEnd } from '../support/raw-client.ts';
import { type Burst, CLIENTS, type ClientName, idOf, type Program, type Request } from './program.ts';

/** Everything one connection received, reply by reply. */
export interface Answers {
  /** Requests in the order sent, those skipped because the client waited left out. */
  readonly requests: Request[];
  readonly replies: string[];
}

export type Transcript = Readonly<Record<ClientName, Answers>> & { readonly skipped: readonly number[] };

class Connection {
  private readonly socket: Socket;
  private text = '';
  private listener: (() => void) | undefined;
  answers: { requests: Request[]; replies: string[] } = { requests: [], replies: [] };
  id = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.receive(chunk));
    socket.on('error', () => undefined);
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.setNoDelay(true);
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Connection(socket)));
    });
  }

  private receive(chunk: string): void {
    const text = this.text + chunk;
    let at = 0;
    for (
      let end = replyEnd(text, at);
      end !== undefined && end > at;
      end = at < text.length ? replyEnd(text, at) : undefined
    ) {
      this.answers.replies.push(text.slice(at, end));
      at = end;
    }
    this.text = text.slice(at);
    this.listener?.();
  }

  send(requests: readonly Request[]): void {
    let out = '';
    for (const request of requests) {
      this.answers.requests.push(request);
      out += `*${request.length}\r\n`;
      for (const arg of request) out += `$${arg.length}\r\n${arg}\r\n`;
    }
    this.socket.write(out, 'latin1');
  }

  /** Waits until what has come satisfies `enough`. */
  until(enough: () => boolean): Promise<void> {
    if (enough()) return Promise.resolve();
    return new Promise((resolve) => {
      this.listener = () => {
        if (!enough()) return;
        this.listener = undefined;
        resolve();
      };
    });
  }

  /** True when as many replies came as requests were sent. Not for clients with subscriptions. */
  get isAnswered(): boolean {
    return this.answers.replies.length >= this.answers.requests.length;
  }

  async ask(...requests: readonly Request[]): Promise<string[]> {
    const from = this.answers.replies.length;
    this.send(requests);
    await this.until(() => this.answers.replies.length >= from + requests.length);
    return this.answers.replies.slice(from);
  }

  clear(): void {
    this.answers = { requests: [], replies: [] };
  }

  close(): void {
    this.socket.destroy();
  }
}

export class Player {
  readonly control: Connection;
  private readonly clients: Readonly<Record<ClientName, Connection>>;

  private constructor(control: Connection, clients: Readonly<Record<ClientName, Connection>>) {
    this.control = control;
    this.clients = clients;
  }

  static async open(port: number): Promise<Player> {
    const open = async (): Promise<Connection> => {
      const connection = await Connection.open(port);
      const [reply = ''] = await connection.ask(['CLIENT', 'ID']);
      connection.id = reply.slice(1, -2);
      return connection;
    };
    const [control, main, second, third, listener] = await Promise.all([open(), open(), open(), open(), open()]);
    return new Player(control, { main, second, third, listener });
  }

  async play(program: Program): Promise<Transcript> {
    await this.control.ask(['FLUSHALL']);
    for (const name of CLIENTS) {
      const client = this.clients[name];
      client.clear();
      await client.ask(['RESET'], ['HELLO', program.resp]);
      client.clear();
    }
    const skipped: number[] = [];
    let number = 0;
    for (const burst of program.bursts) {
      if (!(await this.burst(burst))) skipped.push(number);
      number++;
    }
    await this.wake();
    // What was published travels to the listener in its own time: its last reply comes behind everything.
    await this.listen([]);
    this.control.clear();
    const { main, second, third, listener } = this.clients;
    return {
      main: main.answers,
      second: second.answers,
      third: third.answers,
      listener: listener.answers,
      skipped,
    };
  }

  /** False when the client waits in an earlier command and nothing was sent. */
  private async burst(burst: Burst): Promise<boolean> {
    const client = this.clients[burst.client];
    if (burst.client === 'listener') {
      await this.listen(burst.requests);
      return true;
    }
    if (!client.isAnswered) return false;
    client.send(burst.requests.map((request) => request.map((arg) => this.filled(arg))));
    if (burst.client === 'main' && this.waiting.length === 0) await client.until(() => client.isAnswered);
    else await this.settle(client);
    return true;
  }

  private filled(arg: string): string {
    if (!arg.startsWith('<id of ')) return arg;
    const name = CLIENTS.find((each) => idOf(each) === arg);
    return name === undefined ? arg : this.clients[name].id;
  }

  private get waiting(): Connection[] {
    return [this.clients.second, this.clients.third].filter((client) => !client.isAnswered);
  }

  /** Sends to the listener, and a PING whose answer shows that everything before it has come. */
  private async listen(requests: readonly Request[]): Promise<void> {
    const { listener } = this.clients;
    const mark = `mark ${listener.answers.requests.length}`;
    const bytes = `$${mark.length}\r\n${mark}\r\n`;
    listener.send([...requests, ['PING', mark]]);
    await listener.until(() => listener.answers.replies.at(-1)?.endsWith(bytes) === true);
  }

  /** Waits until everything is answered but for those whom the server counts as blocked. */
  private async settle(client: Connection): Promise<void> {
    if (client === this.clients.main) await client.until(() => client.isAnswered);
    for (;;) {
      if (this.waiting.length === 0) return;
      const [info = ''] = await this.control.ask(['INFO', 'clients']);
      const blocked = Number(/blocked_clients:(\d+)/.exec(info)?.[1]);
      if (blocked === this.waiting.length) return;
    }
  }

  /** Ends every wait. */
  private async wake(): Promise<void> {
    for (const client of this.waiting) await this.control.ask(['CLIENT', 'UNBLOCK', client.id]);
    for (const client of [this.clients.second, this.clients.third]) await client.until(() => client.isAnswered);
  }

  close(): void {
    this.control.close();
    for (const client of Object.values(this.clients)) client.close();
  }
}
