/** Arguments and history of the bitmap commands for COMMAND DOCS, as in Redis 7.2 (BSD-3-Clause); the notation is command-docs.ts's. */
export const bitmapDocs = `
bitcount key:#0 range(start:integer end:integer unit<byte"BYTE" bit"BIT">?@7.0.0)?
  7.0.0: Added the \`BYTE|BIT\` option.
bitfield key:#0 operation<get-block(encoding:string offset:integer)"GET" write(overflow-block<wrap"WRAP" sat"SAT" fail"FAIL">"OVERFLOW"? write-operation<set-block(encoding:string offset:integer value:integer)"SET" incrby-block(encoding:string offset:integer increment:integer)"INCRBY">)>?+
bitfield_ro key:#0 get-block(encoding:string offset:integer)"GET"?+*
bitop operation<and"AND" or"OR" xor"XOR" not"NOT"> destkey:key#0 key:#1+
bitpos key:#0 bit:integer range(start:integer end-unit-block(end:integer unit<byte"BYTE" bit"BIT">?@7.0.0)?)?
  7.0.0: Added the \`BYTE|BIT\` option.
getbit key:#0 offset:integer
setbit key:#0 offset:integer value:integer
`;
