// What an fdatasync of this disk takes, as the journal does it: a KiB written over in a file whose blocks are there.
// Prints p50 and p99 of 500 in ms. Usage: node sync.mjs FILE
import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const file = openSync(process.argv[2], 'w'), room = 1 << 19, record = Buffer.alloc(1024, 1), took = [];
writeSync(file, Buffer.alloc(room), 0, room, 0);
fsyncSync(file);
for (let i = 0; i < 500; i++) {
	writeSync(file, record, 0, record.length, (i * record.length) % room);
	const start = performance.now();
	fdatasyncSync(file);
	took.push(performance.now() - start);
}
closeSync(file);
took.sort((a, b) => a - b);
console.log(took[250].toFixed(3), took[495].toFixed(3));
