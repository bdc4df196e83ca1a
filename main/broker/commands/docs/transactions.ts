/** Arguments and history of the transactions commands for COMMAND DOCS, as in Redis 7.2 (BSD-3-Clause); the notation is command-docs.ts's. */
export const transactionsDocs = `
watch key:#0+
`;
