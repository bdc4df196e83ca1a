/**
 * Where this broker follows Redis 7.2 and 7.0 does otherwise: the list in docs/BROKER.md. Each row has its test, a case of the same
 * title in test/broker/changed-in-7.2.txt.
 */
export const changedIn72: readonly { readonly title: string; readonly change: string }[] = [
  { title: 'ZRANK WITHSCORE', change: 'ZRANK and ZREVRANK take WITHSCORE; a wrong fourth word is a syntax error' },
  { title: 'CLIENT SETINFO', change: 'new; CLIENT LIST and CLIENT INFO show lib-name and lib-ver' },
  { title: 'CLIENT NO-TOUCH', change: 'new; RESET clears it' },
  {
    title: 'blocking in scripts',
    change: 'blocking commands may be called by scripts and answer at once, as within MULTI',
  },
  { title: 'time-outs', change: 'infinite and huge time-outs are "out of range", not "negative"' },
  {
    title: 'compact sets and lists',
    change: 'small sets of strings and small lists are listpacks for OBJECT ENCODING',
  },
  { title: 'SSCAN of compact sets', change: 'SSCAN returns a listpack set whole, whatever COUNT says' },
  { title: 'LPOS RANK', change: 'the smallest 64-bit integer is refused' },
  { title: 'unbalanced XREAD', change: 'the error names the command in lower case' },
  { title: 'XSETID', change: 'the largest deleted id is checked before the last entry' },
  { title: 'consumers', change: 'XREADGROUP, XCLAIM and XAUTOCLAIM make the consumer even when they get nothing' },
  {
    title: 'inactive consumers',
    change: 'XINFO CONSUMERS tells inactive: time since entries were last got, -1 for never',
  },
  { title: 'TIME', change: 'stands still within a script' },
  { title: 'doubles', change: 'the shortest digits that read back the same, not 17' },
  { title: 'log level', change: 'CONFIG SET loglevel nothing' },
  { title: 'COMMAND GETKEYS', change: 'needs no argument of the command that it is asked about' },
  { title: 'COMMAND metadata', change: 'summaries, key flags and groups of 7.2' },
  {
    title: 'blocked XREADGROUP',
    change: 'is woken with an error when its stream is deleted, expires or is replaced, or its group is destroyed',
  },
];
