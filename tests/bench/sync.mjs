// What an fdatasync of this disk takes, as the journal does it for one sender: a delivery and the end of a call written over in
// a file whose blocks are there, and a pause. (Without the pause most find the file's times unchanged, and an ext4 that keeps
// no journal leaves out the write of its inode then: a third of the sync, where the bench was made.)
// Prints p50 and p99 of 500 in ms. Usage: node sync.mjs FILE PAUSE_MS
import { closeSync, fdatasyncSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

const file = openSync(process.argv[2], 'w'), pause = +process.argv[3], room = 1 << 19;
const delivery = Buffer.alloc(1400, 1), end = Buffer.alloc(320, 1), each = delivery.length + end.length;
const took = [], clock = new Int32Array(new SharedArrayBuffer(4));
writeSync(file, Buffer.alloc(room), 0, room, 0);
fsyncSync(file);
for (let i = 0; i < 500; i++) {
	const at = (i * each) % (room - each);
	writeSync(file, delivery, 0, delivery.length, at);
	const start = performance.now();
	fdatasyncSync(file);
	took.push(performance.now() - start);
	writeSync(file, end, 0, end.length, at + delivery.length);
	Atomics.wait(clock, 0, 0, pause);
}
closeSync(file);
took.sort((a, b) => a - b);
console.log(took[250].toFixed(3), took[495].toFixed(3));
