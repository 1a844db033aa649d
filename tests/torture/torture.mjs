// node torture.mjs [--seed N] [--kills N] [--seconds N] [--rate N] [--bin DIR] [--keep] [--json]
//
// Sends numbered webhooks while relay and client are killed, stopped and cut off from each other, and then holds what was
// acknowledged against what is on record. Exits with 0 only if nothing was lost (judge.mjs, MUSTS).
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MUSTS } from './judge.mjs';
import { Torture } from './run.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const text = { type: 'string' };
const { values } = parseArgs({
	options: { seed: text, kills: text, seconds: text, rate: text, bin: text, keep: { type: 'boolean' }, json: { type: 'boolean' }, 'no-full-disk': { type: 'boolean' } },
});

function whole(name, fallback) {
	const n = values[name] === undefined ? fallback : Number(values[name]);
	if (Number.isInteger(n) && n >= 0) return n;
	console.error(`torture: --${name} ${values[name]} is no whole number`);
	process.exit(2);
}

function table(figures) {
	const words = (name) => name.replace(/([A-Z])/g, (c) => ` ${c.toLowerCase()}`).replace(/ ms$/, ', ms').replace(/ p50/, ', p50').replace(/ max,/, ', max,');
	return Object.entries(figures).map(([name, value]) => `${words(name).padEnd(34)} ${String(value ?? '-').padStart(9)}${MUSTS.includes(name) ? '   must be 0' : ''}`).join('\n');
}

const kills = whole('kills', 500);
const torture = new Torture({
	seed: whole('seed', Math.floor(Math.random() * 1e9)), kills, seconds: whole('seconds', kills * 2), topRate: whole('rate', 200),
	bin: values.bin ?? path.join(root, 'build/release'), diskFull: !values['no-full-disk'], say: (line) => values.json || console.log(line),
});
let code = 1;
try {
	await torture.play();
	const { figures, faults } = await torture.verdict();
	if (!values.json) console.log(table(figures));
	console.log(JSON.stringify(figures));
	for (const fault of faults) console.error(`torture: ${fault.name}: ${fault.count}, for example ${fault.numbers ? `numbers ${fault.numbers.join(', ')}` : fault.what.join('\n')}`);
	code = faults.length ? 1 : 0;
	if (code && values.keep) console.error(`torture: the store is kept at ${torture.db}`);
} catch (error) {
	console.error(`torture: ${error.stack}`);
} finally {
	if (!(code && values.keep)) await torture.close();
}
process.exit(code);
