// Who sent it: X-Forwarded-… as the app gets them, PROXY headers, and whom the record, the log and the limits see. What says
// who it is for is believed of a trusted proxy (here 127.0.0.2) alone.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, Sender, field, fields, requestBytes, send } from './lib/http.mjs';
import { makeCertificate } from './lib/tls.mjs';

const PROXY = '127.0.0.2'; // trusted
const STRANGER = '127.0.0.3';
const FORGED = ['X-Forwarded-For: 6.6.6.6', 'x-forwarded-for: 7.7.7.7', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: bank.test',
	'X_Forwarded_For: 8.8.8.8', 'Creel-Event-Id: 1', 'Creel-Attempt: 9', 'Creel_Attempt: 9', 'Forwarded: for=9.9.9.9', 'X-Real-IP: 9.9.9.9'];

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** A PROXY header of version 2: the family, the addresses, vectors behind them. */
function v2(family, addresses, { command = 1, vectors = Buffer.alloc(0) } = {}) {
	const rest = Buffer.concat([Buffer.from(addresses), vectors]);
	const fixed = Buffer.from([0x20 | command, family, rest.length >> 8, rest.length & 0xff]);
	return Buffer.concat([SIGNATURE, fixed, rest]);
}
const V4 = [203, 0, 113, 9, 10, 0, 0, 1, 0xc8, 1, 1, 0xbb]; // 203.0.113.9:51201
const V6 = [0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 9, ...Array(15).fill(0), 1, 0xc8, 1, 1, 0xbb];

describe('who sent it', () => {
	let w, app, relay, client, admin, count = 0;
	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start());
		writeFileSync(w.path('relay.ini'), `[serve]\ntrusted-proxy = ${PROXY}\ntrusted-proxy = 2001:db8:1::/48, 10.0.0.0/8\n`);
		relay = await w.startRelay({ args: ['--config', w.path('relay.ini'), '--header-timeout', '1s', '--admin', '127.0.0.1:0', '--admin-port-file', w.path('admin')] });
		admin = await w.fileFrom(relay, w.path('admin'));
		client = await w.startClient({ relay, target: app.port, name: 'who' });
	});
	after(() => w?.close());

	/** Sends a request; gives what the app got and the delivery on record. */
	async function who(lines, options) {
		const target = `/${++count}`;
		const answer = await send(relay.port, requestBytes('POST', `/who${target}`, ['Host: localhost:99', 'Content-Length: 2', ...lines], 'hi'), options);
		assert.equal(answer?.status, 200, answer?.text);
		const request = await app.request((r) => r.target === target);
		const row = await w.recorded((r) => r.target === target && r.state === 'delivered');
		return { lines: request.lines, row, told: (name) => fields(request.lines, `X-Forwarded-${name}`) };
	}

	const address = (peer) => peer.replace(/:\d+$/, '');

	it('a stranger’s claims are not believed: the peer is appended, the rest is the relay’s own', async () => {
		const { told, lines, row } = await who(FORGED, { localAddress: STRANGER });
		assert.deepEqual(told('For'), [`6.6.6.6, 7.7.7.7, ${STRANGER}`]);
		assert.deepEqual(told('Proto'), ['http']);
		assert.deepEqual(told('Host'), ['localhost:99']);
		assert.deepEqual(fields(lines, 'Creel-Event-Id'), [row.event_id]);
		assert.deepEqual(fields(lines, 'Creel-Attempt'), ['1']);
		assert.ok(!lines.some((l) => l.includes('8.8.8.8') || /^creel_/i.test(l)), 'nor what CGI would take for the same');
		assert.deepEqual(fields(lines, 'Forwarded'), ['for=9.9.9.9'], 'what else it says passes, and is its own word');
		assert.deepEqual(fields(lines, 'X-Real-IP'), ['9.9.9.9']);
		assert.equal(address(row.peer), STRANGER);
		const shown = JSON.parse(await w.creelOut(['show', String(row.id), '--json']));
		assert.deepEqual(shown.request.headers.slice(2).map((f) => f.join(': ')), FORGED, 'the record has what came');
	});

	it('a trusted proxy’s are kept, and its right-most untrusted address is the sender', async () => {
		for (const [list, sender] of [
			['6.6.6.6, 203.0.113.9', '203.0.113.9'],
			['6.6.6.6, 203.0.113.9, 10.1.2.3, 2001:db8:1::7', '203.0.113.9'],
			['203.0.113.9:5678', '203.0.113.9:5678'],
			['2001:db8:2::9', '[2001:db8:2::9]'],
			['unknown, 10.0.0.7', '10.0.0.7'],
		]) {
			const { told, row } = await who([`X-Forwarded-For: ${list}`, 'X-Forwarded-Proto: https', 'X-Forwarded-Host: public.test'], { localAddress: PROXY });
			assert.deepEqual(told('For'), [list]);
			assert.deepEqual(told('Proto'), ['https']);
			assert.deepEqual(told('Host'), ['public.test']);
			assert.equal(row.peer, sender);
		}
	});

	it('two fields of a trusted proxy are one list, kept as they came', async () => {
		const { told, row } = await who(['X-Forwarded-For: 6.6.6.6, 203.0.113.9', 'A: b', 'X-Forwarded-For: 10.1.2.3'], { localAddress: PROXY });
		assert.deepEqual(told('For'), ['6.6.6.6, 203.0.113.9', '10.1.2.3']);
		assert.equal(row.peer, '203.0.113.9');
	});

	it('a trusted proxy that says nothing is told of like any peer', async () => {
		const { told, row } = await who([], { localAddress: PROXY });
		assert.deepEqual([told('For'), told('Proto'), told('Host')], [[PROXY], ['http'], ['localhost:99']]);
		assert.equal(address(row.peer), PROXY);
	});

	it('each request of a proxy’s connection has a sender of its own', async () => {
		const s = await Sender.connect(relay.port, { localAddress: PROXY });
		const peers = [];
		for (const from of ['203.0.113.1', '203.0.113.2', null]) {
			const target = `/${++count}`;
			s.write(requestBytes('GET', `/who${target}`, ['Host: localhost', ...(from ? [`X-Forwarded-For: ${from}`] : [])]));
			assert.equal((await s.answer()).status, 200);
			peers.push(address((await w.recorded((r) => r.target === target)).peer));
		}
		await s.end();
		assert.deepEqual(peers, ['203.0.113.1', '203.0.113.2', PROXY]);
	});

	it('a replay tells the app what the first call did; the user may say otherwise', async () => {
		const replayed = async (id, ...args) => {
			const before = app.requests.length;
			await w.creelOut(['replay', String(id), ...args]);
			return (await waitFor('the replay', () => app.requests[before])).lines;
		};
		const forged = await who(FORGED, { localAddress: STRANGER });
		const kept = await who(['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https'], { localAddress: PROXY });
		for (const how of [[], ['--to', String(app.port)]]) {
			const again = await replayed(forged.row.id, ...how);
			assert.equal(field(again, 'x-forwarded-for'), `6.6.6.6, 7.7.7.7, ${STRANGER}`);
			assert.equal(field(again, 'x-forwarded-proto'), 'http');
			assert.equal(field(again, 'x-forwarded-host'), 'localhost:99');
			const passed = await replayed(kept.row.id, ...how);
			assert.equal(field(passed, 'x-forwarded-for'), '203.0.113.9');
			assert.equal(field(passed, 'x-forwarded-proto'), 'https');
			const own = await replayed(forged.row.id, '-H', 'X-Forwarded-For: 192.0.2.7', ...how);
			assert.deepEqual(fields(own, 'x-forwarded-for'), ['192.0.2.7']);
			assert.deepEqual(fields(own, 'x-forwarded-proto'), ['http']);
			assert.deepEqual(fields(own, 'x-forwarded-host'), ['localhost:99']);
		}
		const file = w.path('who.ndjson');
		await w.creelOut(['export', String(kept.row.id), '--format', 'ndjson', '-o', file]);
		const env = { CREEL_DB: w.path('other.db') };
		await w.creelOut(['import', file], { env });
		const before = app.requests.length;
		await w.creelOut(['replay', '1', '--to', String(app.port)], { env });
		assert.equal(field((await waitFor('the replay', () => app.requests[before])).lines, 'x-forwarded-proto'), 'https', 'an export takes it along');
	});

	it('what waited at the relay is told of like what did not', async () => {
		await client.stop('SIGINT');
		for (const [localAddress, from] of [[STRANGER, '6.6.6.6'], [PROXY, '203.0.113.9']])
			assert.equal((await send(relay.port, requestBytes('POST', '/who/queued', ['Host: localhost', 'Content-Length: 0', `X-Forwarded-For: ${from}`]), { localAddress })).status, 202);
		client = await w.startClient({ relay, target: app.port, name: 'who' });
		const got = await waitFor('both', () => {
			const all = app.requests.filter((r) => r.target === '/queued');
			return all.length === 2 && all.map((r) => field(r.lines, 'x-forwarded-for')).sort();
		});
		assert.deepEqual(got, ['203.0.113.9', `6.6.6.6, ${STRANGER}`]);
	});

	const headers = {
		'version 1': [Buffer.from('PROXY TCP4 203.0.113.9 10.0.0.1 51201 443\r\n'), '203.0.113.9:51201'],
		'version 1, IPv6': [Buffer.from('PROXY TCP6 2001:db8::9 2001:db8::1 51201 443\r\n'), '[2001:db8::9]:51201'],
		'version 2': [v2(0x11, V4), '203.0.113.9:51201'],
		'version 2, IPv6': [v2(0x21, V6), '[2001:db8::9]:51201'],
		'version 2 with vectors': [v2(0x11, V4, { vectors: Buffer.from([0x02, 0, 3, 97, 98, 99, 0x04, 3, 0xe8, ...Array(1000).fill(0)]) }), '203.0.113.9:51201'],
	};
	for (const [what, [header, sender]] of Object.entries(headers)) {
		it(`PROXY ${what}: the address behind the proxy is the sender, and its claims are its own`, async () => {
			const { told, row } = await who(['X-Forwarded-For: 6.6.6.6'], { localAddress: PROXY, first: header });
			assert.equal(row.peer, sender);
			assert.deepEqual(told('For'), [`6.6.6.6, ${sender.replace(/^\[|\]?:\d+$/g, '')}`]);
		});

		it(`PROXY ${what}, byte by byte`, async () => {
			const target = `/${++count}`;
			const s = await Sender.connect(relay.port, { localAddress: PROXY });
			const all = Buffer.concat([header, requestBytes('GET', `/who${target}`, ['Host: localhost'])]);
			const pieces = all.length > 300 ? [0, 5, 16, 30, header.length, header.length + 2] : all.keys();
			let last = 0;
			for (const at of pieces) {
				await s.write(all.subarray(last, at));
				await new Promise((resolve) => setImmediate(resolve));
				last = at;
			}
			await s.write(all.subarray(last));
			assert.equal((await s.answer()).status, 200);
			await s.end();
			assert.equal((await w.recorded((r) => r.target === target)).peer, sender);
		});
	}

	for (const [what, header] of Object.entries({
		'version 1 UNKNOWN': Buffer.from('PROXY UNKNOWN\r\n'),
		'version 2 LOCAL': v2(0, [], { command: 0 }),
		'version 2 of no family': v2(0, []),
		'version 2 of a Unix socket': v2(0x31, Array(216).fill(0x61)),
	})) {
		it(`PROXY ${what} tells of nobody: the sender is the proxy, whose fields are believed`, async () => {
			assert.equal(address((await who([], { localAddress: PROXY, first: header })).row.peer), PROXY);
			assert.equal((await who(['X-Forwarded-For: 203.0.113.9'], { localAddress: PROXY, first: header })).row.peer, '203.0.113.9');
		});
	}

	it('behind a PROXY header that tells of another trusted proxy, X-Forwarded-For is believed', async () => {
		const first = Buffer.from('PROXY TCP4 10.7.7.7 10.0.0.1 51201 443\r\n');
		const { told, row } = await who(['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https'], { localAddress: PROXY, first });
		assert.equal(row.peer, '203.0.113.9');
		assert.deepEqual([told('For'), told('Proto')], [['203.0.113.9'], ['https']]);
	});

	/** 400 with the reason, a close, a line in the log, one more in the metrics, and nothing at the app. */
	async function refused(reason, options, from) {
		const metric = async () => Number(new RegExp(`^creel_refused_total\\{reason="${reason}"\\} (\\d+)$`, 'm').exec(await (await fetch(`http://${admin}/metrics`)).text())?.[1] ?? 0);
		const [counted, calls, logged] = [await metric(), app.requests.length, relay.err.length];
		const ask = async () => {
			const s = await Sender.connect(relay.port, options);
			await s.write(requestBytes('GET', '/who/never', ['Host: localhost']));
			const answer = await s.answer();
			assert.equal(answer?.status, 400);
			assert.equal(field(answer.lines, 'Creel-Refused'), reason);
			assert.match(answer.text, /^creel: .*PROXY header.*\.\n$/);
			await s.over();
		};
		await ask();
		assert.equal(await metric(), counted + 1);
		// Within a second of another of its kind it is counted, and told of in no line of its own: after a quiet while it is.
		const line = new RegExp(`event=refused reason=${reason} status=400 peer=\\S*${from.replaceAll('.', '\\.')}`);
		await waitFor('the log', async () => {
			if (line.test(relay.err.slice(logged))) return true;
			await new Promise((resolve) => setTimeout(resolve, 3000));
			await ask();
			return false;
		});
		assert.equal(app.requests.length, calls);
	}

	for (const [what, [header]] of Object.entries(headers))
		it(`PROXY ${what} of a stranger is refused`, () => refused('proxy_untrusted', { localAddress: STRANGER, first: header }, STRANGER));

	it('a second PROXY header, which the sender wrote behind the proxy’s, is refused', async () => {
		const one = Buffer.from('PROXY TCP4 203.0.113.9 10.0.0.1 51201 443\r\n');
		await refused('proxy_untrusted', { localAddress: PROXY, first: Buffer.concat([one, v2(0x11, V4)]) }, '203.0.113.9');
		await refused('proxy_header', { localAddress: PROXY, first: Buffer.concat([v2(0, [], { command: 0 }), one]) }, PROXY);
	});

	for (const [what, header] of Object.entries({
		'of a wrong address': Buffer.from('PROXY TCP4 203.0.113.999 10.0.0.1 1 2\r\n'),
		'without an end': Buffer.from(`PROXY TCP4 ${'1'.repeat(200)}`),
		'version 2 cut short': v2(0x21, V4),
		'version 2 that never ends': Buffer.concat([SIGNATURE, Buffer.from([0x21, 0x11, 0xff, 0xff])]),
		'version 3': Buffer.concat([SIGNATURE, Buffer.from([0x31, 0x11, 0, 0])]),
	}))
		it(`PROXY ${what}: refused, the proxy’s though it is`, () => refused('proxy_header', { localAddress: PROXY, first: header }, PROXY));

	it('a PROXY header that does not come to an end is not waited for longer than a head', async () => {
		const s = await Sender.connect(relay.port, { localAddress: PROXY, first: Buffer.from('PROXY TCP4 203.0.113.9 ') });
		await s.over();
		assert.equal(s.answers.length, 0);
	});

	it('PROXY is a method like any other', async () => {
		const target = `/${++count}`;
		assert.equal((await send(relay.port, requestBytes('PROXY', `/who${target}`, ['Host: localhost']), { localAddress: STRANGER })).status, 200);
		assert.equal((await app.request((r) => r.target === target)).method, 'PROXY');
	});

	it('--no-forwarded adds nothing and passes what came; -H is the user’s word', async () => {
		await w.startClient({ relay, target: app.port, name: 'plain', args: ['--no-forwarded'] });
		await w.startClient({ relay, target: app.port, name: 'own', args: ['-H', 'X-Forwarded-For: 192.0.2.7'] });
		await send(relay.port, requestBytes('GET', '/plain/plain', ['Host: localhost', ...FORGED]), { localAddress: STRANGER });
		assert.deepEqual((await app.request((r) => r.target === '/plain')).lines.slice(1), FORGED);
		await send(relay.port, requestBytes('GET', '/own/own', ['Host: localhost', ...FORGED]), { localAddress: STRANGER });
		const { lines } = await app.request((r) => r.target === '/own');
		assert.deepEqual(fields(lines, 'x-forwarded-for'), ['192.0.2.7']);
		assert.deepEqual(fields(lines, 'x-forwarded-proto'), ['http']);
	});

	it('a relay that trusts nobody says once that somebody on this machine looks like a proxy', async () => {
		const alone = await w.startRelay();
		await w.startClient({ relay: alone, target: app.port, name: 'alone' });
		for (let i = 0; i < 3; i++) assert.equal((await send(alone.port, requestBytes('GET', '/alone/x', ['Host: localhost', 'X-Forwarded-For: 203.0.113.9']))).status, 200);
		assert.equal(alone.err.match(/^.* level=warn event=proxy_not_trusted peer=127\.0\.0\.1:\d+ text=".*--trusted-proxy"$/gm)?.length, 1, alone.err);
		assert.doesNotMatch(relay.err, /proxy_not_trusted/);
	});

	it('what is no address is wrong usage, from the command line and the environment', async () => {
		for (const value of ['localhost', '10.0.0.0/33', '10.0.0.1:80', '']) {
			const by = [[['--trusted-proxy', value], {}], ...(value ? [[[], { CREEL_RELAY_TRUSTED_PROXY: value }]] : [])];
			for (const [args, env] of by) {
				const r = await w.run('creel-relay', ['serve', '--listen', '127.0.0.1:0', '--data', w.path('none'), ...args], { env });
				assert.equal(r.code, 2, value);
				assert.match(r.err, /^creel-relay: --trusted-proxy takes addresses and networks, .*$/m);
			}
		}
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

/** A proxy that passes bytes on, with a PROXY header before them, as haproxy's mode tcp does. */
async function tcpProxy(to, header) {
	const server = net.createServer((from) => {
		const up = net.connect({ port: to, host: '127.0.0.1', localAddress: PROXY });
		up.write(header(from)); // before what it passes on
		from.pipe(up).pipe(from);
		for (const [a, b] of [[from, up], [up, from]]) a.on('error', () => {}).on('close', () => b.destroy());
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return { port: server.address().port, close: () => new Promise((resolve) => (server.close(resolve), server.closeAllConnections?.())) };
}

for (const version of [1, 2]) {
	describe(`a tunnel through a proxy of bytes, PROXY protocol version ${version}`, () => {
		let w, app, relay, proxy, certificate;
		const header = ({ remotePort: port }) => version === 1
			? `PROXY TCP4 203.0.113.9 10.0.0.1 ${port} 443\r\n` : v2(0x11, [203, 0, 113, 9, 10, 0, 0, 1, port >> 8, port & 0xff, 1, 0xbb]);
		before(async () => {
			w = new World();
			certificate = makeCertificate(w.dir);
			app = w.keep(await Receiver.start());
			relay = await w.startRelay({ args: ['--tls-cert', certificate.cert, '--tls-key', certificate.key, '--trusted-proxy', PROXY, '--max-connections-per-address', '3'] });
			proxy = w.keep(await tcpProxy(relay.port, header));
		});
		after(() => w?.close());

		const tlsOptions = () => ({ ca: certificate.pem, servername: 'localhost' });

		/** The tunnel and a webhook beside it, both through the proxy. */
		async function passes(scheme, through, behind) {
			const c = await w.startClient({ relayUrl: `${scheme}://127.0.0.1:${through.port}`, target: app.port, name: scheme, args: scheme === 'https' ? ['--ca', certificate.cert] : [] });
			const answer = await send(through.port, requestBytes('GET', `/${scheme}/${scheme}`, ['Host: localhost']), scheme === 'https' ? { tlsOptions: tlsOptions() } : {});
			assert.equal(answer.status, 200);
			const { lines } = await app.request((r) => r.target === `/${scheme}`);
			assert.equal(field(lines, 'x-forwarded-for'), '203.0.113.9');
			assert.equal(field(lines, 'x-forwarded-proto'), scheme);
			assert.match((await w.recorded((r) => r.target === `/${scheme}`)).peer, /^203\.0\.113\.9:\d+$/);
			assert.match(behind.err, new RegExp(`event=tunnel_online tunnel=${scheme} .*peer=203\\.0\\.113\\.9:`));
			assert.equal((await c.stop('SIGINT')).code, 130);
		}

		it('over TLS, and webhooks beside it', () => passes('https', proxy, relay));

		it('in the clear to a relay without a certificate', async () => {
			const plain = await w.startRelay({ args: ['--trusted-proxy', PROXY] });
			const other = w.keep(await tcpProxy(plain.port, header));
			await passes('http', other, plain);
		});

		it('in the clear to a relay with one: refused, for it came so from beyond this machine', async () => {
			const answer = await send(proxy.port, requestBytes('POST', '/https/x', ['Host: localhost', 'Content-Length: 0']));
			assert.equal(answer.status, 403);
			assert.equal(field(answer.lines, 'Creel-Refused'), 'plaintext');
		});

		it('--max-connections-per-address sees who is behind the proxy, and not the proxy', async () => {
			await waitFor('the tunnel to be gone', () => relay.err.includes('event=tunnel_offline'));
			await waitFor('three connections', async () => {
				const open = [];
				try {
					for (let i = 0; i < 3; i++) {
						const s = await Sender.connect(proxy.port, { tlsOptions: tlsOptions() }).catch(() => null);
						if (!s) return false;
						open.push(s);
					}
					await assert.rejects(Sender.connect(proxy.port, { tlsOptions: tlsOptions() }), 'a fourth one of that address is closed');
					for (let i = 0; i < 6; i++) {
						const other = await Sender.connect(relay.port, { localAddress: PROXY, first: `PROXY TCP4 203.0.113.${10 + i} 10.0.0.1 1 443\r\n`, tlsOptions: tlsOptions() });
						open.push(other);
					}
					return true;
				} finally {
					for (const s of open) await s.end();
				}
			});
		});

		it('every program ended cleanly', () => w.endsCleanly());
	});
}

describe('limits behind a proxy of HTTP', () => {
	let w, app, relay;
	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start());
		relay = await w.startRelay({ args: ['--trusted-proxy', `${PROXY},127.0.0.9`, '--max-connections-per-address', '2', '--rate-per-address', '1000000'] });
		await w.startClient({ relay, target: app.port, name: 'many' });
	});
	after(() => w?.close());

	const ask = async (from, { localAddress = PROXY } = {}) => {
		const s = await Sender.connect(relay.port, { localAddress });
		s.write(requestBytes('GET', '/many/x', ['Host: localhost', ...(from ? [`X-Forwarded-For: ${from}`] : [])]));
		return s;
	};

	it('requests under way count as their sender’s connections: one sender cannot take them all, others are served', async () => {
		const waiting = [];
		app.answer = (_, socket) => waiting.push(socket);
		const mine = [await ask('203.0.113.1'), await ask('203.0.113.1')];
		await waitFor('two at the app', () => waiting.length === 2);
		const third = await ask('6.6.6.6, 203.0.113.1');
		const answer = await third.answer();
		assert.equal(answer.status, 429);
		assert.equal(field(answer.lines, 'Creel-Refused'), 'under_way');
		assert.match(answer.text, /^creel: Too many requests of this address are under way/);
		assert.ok(Number(field(answer.lines, 'Retry-After')) > 0);
		assert.match(relay.err, /event=refused reason=under_way status=429 peer=203\.0\.113\.1$/m);
		const others = [await ask('203.0.113.2'), await ask(null), await ask(null), await ask(null), await ask(null)];
		await waitFor('the others at the app', () => waiting.length === 7);
		for (const socket of waiting) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
		for (const s of [...mine, ...others]) assert.equal((await s.answer()).status, 200);
		app.answer = null;
		// Their connections are still open, and count for nobody.
		const again = [await ask('203.0.113.1'), await ask('203.0.113.1')];
		for (const s of again) assert.equal((await s.answer()).status, 200);
		for (const s of [...mine, ...others, ...again, third]) await s.end();
	});

	it('a stranger’s X-Forwarded-For does not count for another', async () => {
		const open = [await Sender.connect(relay.port, { localAddress: STRANGER }), await Sender.connect(relay.port, { localAddress: STRANGER })];
		for (const s of open) {
			s.write(requestBytes('GET', '/many/x', ['Host: localhost', 'X-Forwarded-For: 203.0.113.1']));
			assert.equal((await s.answer()).status, 200);
		}
		const third = await Sender.connect(relay.port, { localAddress: STRANGER });
		await third.over();
		for (const s of open) await s.end();
	});

	/** A tunnel's handshake of somebody behind the proxy: { status, end() }. */
	const HANDSHAKE = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Protocol: creel.v1'];
	async function shake(to, from, ...lines) {
		const s = await Sender.connect(to.port, { localAddress: PROXY });
		s.write(requestBytes('GET', '/_creel/tunnel', ['Host: localhost', `X-Forwarded-For: ${from}`, ...lines, ...HANDSHAKE]));
		await waitFor('an answer', () => s.isClosed || s.answers.length || s.interim?.length);
		return { status: s.interim?.[0] ?? s.answers[0]?.status, refused: s.answers[0] && field(s.answers[0].lines, 'Creel-Refused'), end: () => s.end() };
	}

	it('tunnels count as connections of whoever opens them: those beyond the limit are refused at the handshake', async () => {
		const open = [];
		for (const from of ['203.0.113.40', '6.6.6.6, 203.0.113.40', '203.0.113.41']) open.push(await shake(relay, from));
		assert.deepEqual(open.map((a) => a.status), [101, 101, 101]);
		const third = await shake(relay, '7.7.7.7, 203.0.113.40');
		assert.deepEqual([third.status, third.refused], [429, 'under_way']);
		for (const a of [...open, third]) await a.end();
		await waitFor('them to be free again', async () => {
			const again = await shake(relay, '203.0.113.40');
			await again.end();
			return again.status === 101;
		});
	});

	it('what is refused at a handshake is logged with the address behind the proxy', async () => {
		assert.equal((await shake(relay, '6.6.6.6, 203.0.113.50', 'Origin: https://evil.example')).status, 403);
		await waitFor('the log', () => /event=refused reason=origin peer=203\.0\.113\.50$/m.test(relay.err));
	});

	it('--refusals-per-address sees the client behind the proxy, however long the list is', async () => {
		const { data } = await w.makeData();
		const guarded = await w.startRelay({ data, args: ['--trusted-proxy', PROXY, '--refusals-per-address', '1'] });
		for (const claimed of ['', '1.1.1.1, ', '9'.repeat(3000) + ', ', '1.1.1.1, '.repeat(350)]) {
			const all = await Promise.all(Array.from({ length: 8 }, () => shake(guarded, `${claimed}203.0.113.60`, `Authorization: Bearer creel_${'0'.repeat(64)}`)));
			assert.ok(all.some((a) => a.refused === 'rate_refused'), `${claimed.slice(0, 20)}: ${all.map((a) => a.status)}`);
			for (const a of all) await a.end();
			assert.equal((await shake(guarded, `${claimed}203.0.113.61`)).status, 101, 'another is told');
			await new Promise((resolve) => setTimeout(resolve, 1100)); // until one may be told again
		}
	});

	it('--rate-per-address sees the sender behind the proxy', async () => {
		const limited = await w.startRelay({ args: ['--trusted-proxy', PROXY, '--rate-per-address', '2'] });
		await w.startClient({ relay: limited, target: app.port, name: 'slow' });
		const status = async (from) => (await send(limited.port, requestBytes('GET', '/slow/x', ['Host: localhost', `X-Forwarded-For: ${from}`]), { localAddress: PROXY })).status;
		const burst = [];
		for (let i = 0; i < 20; i++) burst.push(await status('203.0.113.1'));
		assert.ok(burst.includes(429), burst.join());
		assert.equal(await status('203.0.113.2'), 200);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
