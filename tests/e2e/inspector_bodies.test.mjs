// What a delivery says, decoded by the inspector of a running client: what stands in its head, and bodies of every kind. And
// the keys that tasks of a day take, without a word typed that one has to know by heart.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { World, binDir, waitFor } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';
import { Terminal } from './lib/tmux.mjs';

let w, app, relay, t;

before(async () => {
	w = new World();
	app = w.keep(await Receiver.start());
	relay = await w.startRelay();
});
afterEach(() => t?.close());
after(async () => {
	try {
		await w.endsCleanly();
	} finally {
		await w.close();
	}
});

async function listen() {
	const home = w.fresh('home'), ready = w.fresh('ready');
	const env = Object.fromEntries(['HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'UBSAN_OPTIONS', 'ASAN_OPTIONS'].map((k) => [k, w.env[k]]));
	const command = [path.join(binDir, 'creel'), 'listen', String(app.port), '--relay', `http://127.0.0.1:${relay.port}`, '--ready-file', ready];
	t = await Terminal.start({ command, env: { ...env, XDG_DATA_HOME: home }, columns: 100, rows: 40 });
	t.url = await waitFor('the ready file', () => existsSync(ready) && readFileSync(ready, 'utf8').trim());
}

const hook = (target, body, fields) => post(relay.port, `/${t.url.split('/').pop()}${target}`, body, fields);
const part = (object) => Buffer.from(typeof object === 'string' ? object : JSON.stringify(object)).toString('base64url');

describe('a delivery', () => {
	it('says what its query, its cookies and its credentials are', async () => {
		await listen();
		const token = `${part({ alg: 'RS256', kid: 'k1' })}.${part({ iss: 'https://issuer.example', exp: 1764000151 })}.${part('signed')}`;
		const ticket = `${part({ alg: 'none' })}.${part({ sub: 'in-the-query' })}.`, session = `${part({ alg: 'none' })}.${part({ sub: 'in-a-cookie' })}.`;
		await hook(`/decoded?tenant=7&note=a%20b%1b%5B2J&t=${ticket}`, 'x', [`Cookie: session=abc; theme=dark; id=${session}`, 'Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==', `X-Assertion: ${token}`]);
		await t.until(/200 {2}POST .*\/decoded/);
		await t.keys('Enter');
		const s = await t.until(/-- Body/);
		for (const line of [
			'-- Query --', 'tenant = 7', 'note = a b^[[2J', '-- Cookies --', 'session = abc', 'theme = dark',
			'user = Aladdin', 'password = open sesame',
			'iss = "https://issuer.example"', 'exp = 1764000151  2025-11-24 16:02:31 UTC', 'signature, 6 bytes',
		]) assert.ok(s.split('\n').includes(` ${line}`), `${line} in\n${s}`);
		assert.match(s, /-- Query t {2}JWT, decoded and not verified --\n alg = "none"\n sub = "in-the-query"/);
		assert.match(s, /-- Cookie id {2}JWT, decoded and not verified --\n alg = "none"\n sub = "in-a-cookie"/);
		assert.match(s, /-- X-Assertion {2}JWT, decoded and not verified --/i);
	});

	for (const [how, args, shown, colours] of [
		['half blocks of two colours', [], /^ ▀{9}$/m, true],
		['half blocks without colours', ['--color', 'never'], /^ [▀▄█ ]{4,9}$/m, false],
		['characters where there is no UTF-8', ['--ascii'], /^ [ .:=+*#%@-]{4,9}$/m, false],
	]) {
		it(`that is a picture is drawn: ${how}`, async () => {
			const db = w.path(`pictures-${how.length}.db`), names = ['baseline.jpg', 'lossless.webp', 'rgb.png', 'adam7.png', 'flat.gif'];
			const types = { gif: 'GIF', png: 'PNG', jpg: 'JPEG', webp: 'WebP' };
			const input = names.map((name, i) => JSON.stringify({ received_at: `2026-11-20T10:00:0${i}Z`, method: 'POST', target: `/${name}`, request: { headers: [['Host', 'x'], ['Content-Type', `image/${name.split('.')[1]}`]], body_base64: readFileSync(new URL(`../fixtures/images/${name}`, import.meta.url)).toString('base64') } })).join('\n');
			assert.equal((await w.creel(['import', '-', '--db', db], { input })).code, 0);
			t = await Terminal.start({ command: [path.join(binDir, 'creel'), 'ui', '--db', db, '--theme', 'dark', ...args], env: Object.fromEntries(['HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'UBSAN_OPTIONS', 'ASAN_OPTIONS'].map((k) => [k, w.env[k]])), columns: 100, rows: 40 });
			await t.until(/flat\.gif/);
			await t.keys('Enter');
			for (const name of names.reverse()) {
				const kind = types[name.split('.')[1]];
				if (/without its library/.test(await t.until(new RegExp(`/${name}[^]*${kind} image, 9 x 6 pixels`)))) break;
				const s = await t.until(shown);
				assert.match(s, /00000000 \|/); // the bytes stand below
				const painted = await t.tmux('capture-pane', '-p', '-e', '-t', 'main');
				assert.equal(/48;5;\d+m▀|▀/.test(painted) && /38;5;(1[6-9]|[2-9]\d|\d{3})/.test(painted.split('\n').find((l) => /▀/.test(l)) ?? ''), colours);
				await t.keys('[');
			}
		});
	}

	it('has its body laid out, whatever kind that is', async () => {
		await listen();
		const png = Buffer.from('89504e470d0a1a0a0000000d49484452000003200000025808060000009a768270', 'hex');
		const message = Buffer.from('089601120774657374696e67', 'hex');
		const bodies = [
			['text/event-stream', 'event: ping\nid: 7\ndata: {"a": 1}\n\n', [/^ -- event 1 --\n event: ping\n id: 7\n v \{\n {5}"a": 1$/m]],
			['application/x-protobuf', message, [/^ 1: 150\n 2: "testing"$/m]],
			['application/grpc-web+proto', Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]), [/^ -- message 1, 12 bytes --\n 1: 150$/m]],
			['image/png', png, [/^ PNG image, 800 x 600 pixels, 33 bytes, damaged, so not drawn\n 00000000 \| 89 50 4e 47/m]],
			['text/plain', `${part({ alg: 'none' })}.${part({ sub: 'me' })}.`, [/^ alg = "none"\n sub = "me"\n no signature$/m]],
			['text/plain', Buffer.from('Gr\xfc\xdfe', 'latin1'), [/^ Grüße$/m]],
			['text/plain; charset=iso-8859-1', Buffer.from('Gr\xfc\xdfe', 'latin1'), [/^ Grüße$/m]],
			['application/json', JSON.stringify({ first: 1, all: Array.from({ length: 90000 }, (x, i) => `value ${i}`) }), [/pretty \(p: raw\) {2}JSON --\n v \{\n {5}"first": 1,$/m]],
		];
		for (const [i, [type, body, patterns]] of bodies.entries()) {
			assert.equal((await hook(`/body${i}`, body, [`Content-Type: ${type}`])).status, 200);
			await t.until(new RegExp(`200 {2}POST .*/body${i}\\b`));
			await t.keys('G', 'Enter');
			for (const pattern of patterns) await t.until(pattern);
			await t.keys('q');
			await t.until(/FOLLOW|PAUSED/);
		}
	});

	it('is found, understood and sent again in a few keys', async () => {
		await listen();
		await hook('/good', '{"n":1}', ['Content-Type: application/json']);
		app.answer = (request, socket) => socket.write('HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n');
		await hook('/bad', '{"n":2}', ['Content-Type: application/json']);
		app.answer = null;
		await hook('/good', '{"n":3}', ['Content-Type: application/json']);
		await t.until(/\/good[^]*\/bad[^]*\/good/);
		let pressed = 0;
		const press = async (...keys) => {
			pressed += keys.length;
			await t.keys(...keys);
		};
		// The help's first screen names the keys, the signs, and how a filter is written.
		await press('?');
		const s = await t.until(/Begin with[^]*Signs of the list[^]*Filters: type them after f/);
		assert.match(s, /^ path:\/good/m);
		await press('q', '!');
		await t.until(/status:4xx,5xx/);
		await press('r');
		await t.until(/200 OK/);
		assert.equal(pressed, 4);
	});
});
