/** Names of the messages between the window's preload and the shell. What they carry is in contract/shell-api.ts. */
export const channels = {
  session: 'millrace:session',
  importPaths: 'millrace:import-paths',
  chooseFiles: 'millrace:choose-files',
  chooseFolder: 'millrace:choose-folder',
  reveal: 'millrace:reveal',
  startDrag: 'millrace:start-drag',
  saveArtifacts: 'millrace:save-artifacts',
} as const;
