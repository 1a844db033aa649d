// The relay's limits as its users meet them: what `serve --limits` prints is what --help, creel-relay(8) and /metrics say,
// and what is turned away at one is counted there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, root, waitFor } from './lib/harness.mjs';
import { Receiver, Sender, post } from './lib/http.mjs';

/** `serve --limits` taken apart: { name, value, about, end, settable }. */
function parse(text) {
	const [settable, fixed] = text.split('\nFixed limits:\n');
	const rows = (part, set) => [...part.matchAll(/^ {2}(\S+) +(.+)\n {6}(.+?)\. Beyond it: (.+)\.$/gm)].map(([, name, value, about, end]) => ({ name, value, about, end, settable: set }));
	return [...rows(settable, true), ...rows(fixed, false)];
}

/** In bytes, seconds or as a number, as Prometheus has it. */
function number(value) {
	const [, n, unit] = /^(\d+)(\w*)$/.exec(value);
	return Number(n) * { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 }[unit];
}

describe('the relay’s limits', () => {
	const w = new World();
	let relay, admin, limits;
	const metrics = async () => (await fetch(`http://${admin}/metrics`)).text();
	const reached = async (name) => Number(new RegExp(`^creel_relay_limit_reached_total\\{name="${name}"\\} (\\d+)$`, 'm').exec(await metrics())[1]);
	const args = ['--max-body', '1KiB', '--header-timeout', '500ms', '--rate-per-tunnel', '2'];
	before(async () => {
		const adminFile = w.fresh('admin');
		relay = await w.startRelay({ args: ['--admin', '127.0.0.1:0', '--admin-port-file', adminFile, ...args] });
		admin = await w.fileFrom(relay, adminFile);
		limits = parse((await w.run('creel-relay', ['serve', '--limits', ...args])).text);
	});
	after(() => w.close());

	it('serve --limits prints them with the values that the options give them', async () => {
		const value = (name) => limits.find((l) => l.name === name)?.value;
		assert.ok(limits.length > 50, String(limits.length));
		assert.deepEqual(['max-body', 'header-timeout', 'rate-per-tunnel', 'rate-per-address', 'head-fields'].map(value), ['1KiB', '500ms', '2', 'no limit', '200']);
		assert.equal(value('spool-max-total'), '4GiB', '16 times --spool-max-bytes');
		assert.equal((await w.run('creel-relay', ['serve', '--limits', '--ping-interval', '1ms'])).code, 2);
	});

	it('serve --help has each that can be set, with its default', async () => {
		const help = (await w.run('creel-relay', ['serve', '--help'])).text.replaceAll(/\n {20,}/g, '  ');
		const usual = parse((await w.run('creel-relay', ['serve', '--limits'])).text);
		for (const { name, value, about } of usual.filter((l) => l.settable)) {
			const line = help.split('\n').find((l) => l.includes(`--${name} `));
			assert.ok(line?.includes(about), name);
			const preset = /\(default (\w+)/.exec(line)?.[1];
			if (preset) assert.equal(preset === '0' ? 'no limit' : number(preset), value === 'no limit' ? value : number(value), line);
			else assert.ok(['spool-max-total', 'memory-max'].includes(name), name);
		}
	});

	it('creel-relay(8) has all, and no other', () => {
		const page = readFileSync(path.join(root, 'relay/creel-relay.8'), 'utf8').replaceAll('\\-', '-');
		const section = /^\.SH LIMITS\n([^]*?)^\.SH /m.exec(page)[1];
		assert.deepEqual([...section.matchAll(/^\.TP\n\\fB(\S+)\\fR/gm)].map(([, name]) => name), limits.map((l) => l.name));
		for (const { name } of limits.filter((l) => l.settable)) assert.ok(page.includes(`\\fB--${name}\\fR`), `--${name}`);
	});

	it('/metrics has all, with the values that are in force', async () => {
		const text = await metrics();
		const shown = Object.fromEntries([...text.matchAll(/^creel_relay_limit\{name="(.+)"\} (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]));
		assert.deepEqual(shown, Object.fromEntries(limits.map((l) => [l.name, l.value.startsWith('no limit') ? 0 : number(l.value)])));
	});

	it('counts what was turned away at one', async () => {
		const app = w.keep(await Receiver.start());
		await w.startClient({ relay, target: app.port, name: 'small' });
		assert.equal((await post(relay.port, '/small/x', Buffer.alloc(1025))).status, 413);
		assert.equal(await reached('max-body'), 1);
		const slow = w.keep(await Sender.connect(relay.port));
		slow.close = () => slow.end();
		await slow.write('POST /small/x HTTP/1.1\r\nHost: loc');
		await waitFor('the head to be late', async () => (await reached('header-timeout')) === 1);
		assert.equal(await reached('body-timeout'), 0);
		let refused = 0;
		for (let i = 0; i < 5; i++) refused += (await post(relay.port, '/small/x')).status === 429;
		assert.ok(refused > 0);
		assert.equal(await reached('rate-per-tunnel'), refused);
	});
});
