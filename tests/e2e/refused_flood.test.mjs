// What is refused again and again: the log stays short and keeps count, wrong tokens are turned away with less ado, and
// others behind the same address notice nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { post } from './lib/http.mjs';
import { Tunnel } from './lib/tunnel.mjs';
import { hello } from './lib/wire.mjs';

const WRONG = `creel_${'0'.repeat(64)}`;

/** The log's lines of an event, and how many events they stand for. */
function logged(relay, event, match = /./) {
	const lines = relay.err.split('\n').filter((line) => line.includes(` event=${event} `) && match.test(line));
	return { lines: lines.length, events: lines.reduce((n, line) => n + Number(/ count=(\d+)/.exec(line)?.[1] ?? 1), 0) };
}

/** What a handshake with that token comes to: 'welcome', 'told' (NOTICE 1) or the HTTP status. */
async function handshake(relay, token) {
	let t;
	try {
		t = await Tunnel.open(relay.port, { token });
	} catch (error) {
		return Number(/: (\d{3})$/.exec(error.message)?.[1] ?? NaN);
	}
	t.ws.send(hello({ tunnel: 'shop' }));
	await waitFor('an answer', () => t.frames.length);
	const { type, code } = t.frames[0];
	await t.end();
	return type === 'WELCOME' ? 'welcome' : code === 1 ? 'told' : `${type} ${code}`;
}

/** The status of a refused handshake. */
async function refused(port, headers, ws) {
	const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64'), 'Sec-WebSocket-Protocol': 'creel.v1' };
	const request = http.request({ port, host: '127.0.0.1', path: '/_creel/tunnel', method: ws ? 'GET' : 'POST', agent: false, headers: { ...(ws ? upgrade : {}), ...headers } });
	request.on('error', () => {});
	request.end();
	const [answer] = await once(request, 'response');
	answer.resume();
	return answer.statusCode;
}

describe('floods of what is refused', () => {
	let w, relay, token;
	before(async () => {
		w = new World();
		const data = w.path('data');
		token = (await w.run('creel-relay', ['token', 'add', 'anna', '--data', data])).text.trim();
		relay = await w.startRelay({ data, args: ['--max-connections-per-address', '40'] });
	});
	after(() => w?.close());

	it('wrong tokens: ten a second are told so, the rest gets 429; the right one passes in between', async () => {
		const began = performance.now();
		const results = [];
		for (let round = 0; round < 10; round++) {
			results.push(...(await Promise.all(Array.from({ length: 20 }, (_, i) => handshake(relay, i % 4 ? WRONG : undefined)))));
			assert.equal(await handshake(relay, token), 'welcome');
		}
		const seconds = (performance.now() - began) / 1000;
		const told = results.filter((r) => r === 'told').length;
		assert.ok(told >= 10 && told <= 10 * (seconds + 1) + 1, `${told} in ${seconds} s`);
		assert.equal(results.filter((r) => r === 429).length, 200 - told, JSON.stringify([...new Set(results)]));
		await waitFor('all to be counted', () => logged(relay, 'tunnel_refused').events + logged(relay, 'refused', /rate_refused/).events === 200);
		const most = 2 * ((performance.now() - began) / 1000 + 1);
		assert.ok(logged(relay, 'tunnel_refused').lines <= most && logged(relay, 'refused', /rate_refused/).lines <= most);
	});

	// What a page in a browser can do in a loop.
	for (const [reason, status, headers] of [['origin', 403, { Origin: 'https://evil.example' }], ['misdirected', 421, { Host: 'evil.example' }]])
		for (const ws of [true, false])
			it(`${reason}, ${ws ? 'a WebSocket' : 'a POST of the tunnel’s path'}: ten a second are told so, the rest gets 429, the log keeps count`, async () => {
				await new Promise((resolve) => setTimeout(resolve, 1100)); // the bucket fills
				const began = performance.now(), before = relay.err.length;
				const statuses = [];
				for (let round = 0; round < 10; round++) {
					statuses.push(...(await Promise.all(Array.from({ length: 20 }, () => refused(relay.port, headers, ws)))));
					assert.equal(await handshake(relay, token), 'welcome');
				}
				const seconds = (performance.now() - began) / 1000;
				const told = statuses.filter((s) => s === status).length;
				assert.ok(told >= 10 && told <= 10 * (seconds + 1) + 1, `${told} in ${seconds} s: ${[...new Set(statuses)]}`);
				assert.equal(statuses.filter((s) => s === 429).length, 200 - told);
				const now = { err: '' };
				await waitFor(() => `all to be counted: ${now.err}`, () => {
					now.err = relay.err.slice(before);
					return logged(now, 'refused', /reason=(rate_refused|origin|misdirected) /).events >= 200;
				});
				assert.equal(logged(now, 'refused').events, 200);
				// Of each of two reasons, in each second, the first and how many followed.
				assert.ok(logged(now, 'refused').lines <= 4 * (seconds + 1), now.err);
			});

	it('heads that lws has no room for: what it logs of them is counted as well', async () => {
		const before = relay.err.length, began = performance.now(), now = {};
		for (let i = 0; i < 30; i++) {
			const socket = net.connect(relay.port, '127.0.0.1').on('error', () => {});
			socket.write(`GET /_creel/tunnel HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Long: ${'a'.repeat(9000)}\r\n\r\n`);
			await once(socket.resume(), 'close');
		}
		await waitFor(() => `all to be counted: ${now.err}`, () => logged(Object.assign(now, { err: relay.err.slice(before) }), 'lws').events >= 30);
		assert.ok(logged(now, 'lws').lines <= (performance.now() - began) / 1000 + 2, now.err);
	});

	it('requests: each is answered, the log has a line a second that counts them', async () => {
		const began = performance.now();
		for (let round = 0; round < 20; round++) {
			const answers = await Promise.all(Array.from({ length: 20 }, () => post(relay.port, '/nobody/x')));
			assert.ok(answers.every((a) => a.status === 404));
		}
		await waitFor('all to be counted', () => logged(relay, 'refused', /reason=no_tunnel/).events === 400);
		const most = 2 * ((performance.now() - began) / 1000 + 1);
		const { lines } = logged(relay, 'refused', /reason=no_tunnel/);
		assert.ok(lines <= most, `${lines} lines`);
		assert.match(relay.err, /event=refused reason=no_tunnel (status=404 )?peer=127\.0\.0\.1:\d+\n/, 'the first is logged whole');
	});

	it('connections beyond an address’s limit: likewise', async () => {
		const t = await Tunnel.open(relay.port, { token });
		t.ws.send(hello({ tunnel: 'busy' }));
		await waitFor('a welcome', () => t.frames.length);
		const began = performance.now();
		const connect = () => net.connect(relay.port, '127.0.0.1').on('error', () => {});
		// They wait for their answers: connections that say nothing would make room for others.
		const busy = [];
		while (busy.length < 39) {
			busy.push(connect());
			busy.at(-1).write('POST /busy/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
			await waitFor(() => `request ${busy.length}: ${JSON.stringify(t.frames.at(-1))}`, () => t.frames.filter((f) => f.type === 'REQUEST').length === busy.length);
		}
		const sockets = Array.from({ length: 100 }, connect);
		await Promise.all(sockets.map((s) => Promise.race([once(s, 'connect'), once(s, 'close')])));
		await waitFor('all to be counted', () => logged(relay, 'connection_refused').events >= 100);
		assert.ok(logged(relay, 'connection_refused').lines <= (performance.now() - began) / 1000 + 2);
		for (const s of [...busy, ...sockets]) s.destroy();
		await t.end();
	});

	it('--refusals-per-address 0: all are told', async () => {
		const open = await w.startRelay({ data: await (async () => {
			const data = w.fresh('data');
			await w.run('creel-relay', ['token', 'add', 'ben', '--data', data]);
			return data;
		})(), args: ['--refusals-per-address', '0'] });
		const results = await Promise.all(Array.from({ length: 40 }, () => handshake(open, WRONG)));
		assert.deepEqual([...new Set(results)], ['told']);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
