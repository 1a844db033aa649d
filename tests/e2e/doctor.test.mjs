// creel doctor: all well, and each thing that can be wrong made wrong, one at a time.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, freePort, waitFor } from './lib/harness.mjs';
import { Receiver, field, post } from './lib/http.mjs';
import { makeCertificate, makeDatedCertificate } from './lib/tls.mjs';

const NAMES = ['config', 'store', 'relay', 'dns', 'proxy', 'tcp', 'tls', 'clock', 'token', 'url', 'target'];
const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().replaceAll(/[-:T]|\..*/g, '') + 'Z';

describe('creel doctor', () => {
	let w, app, relay, relayUrl, mine;
	before(async () => {
		w = new World();
		mine = makeCertificate(w.dir, 'mine');
		app = w.keep(await Receiver.start());
		relay = await w.startRelay();
		relayUrl = `http://127.0.0.1:${relay.port}`;
	});
	after(() => w?.close());

	/** A server of a test's own, on a port of its own; closed at the end, also when the test failed. */
	async function serve(server) {
		const open = new Set();
		server.on('connection', (socket) => open.add(socket.on('error', () => {})));
		w.keep({ close: () => (server.close(), open.forEach((socket) => socket.destroy())) });
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		return server;
	}

	/** Runs it with --json; gives { code, checks: { name: check }, … }. */
	async function doctor(args, options) {
		const r = await w.creel(['doctor', '--json', ...args], options);
		assert.equal(r.err, '', r.err);
		const lines = r.text.trim().split('\n');
		assert.equal(lines.length, 1);
		const told = JSON.parse(lines[0]);
		assert.deepEqual(Object.keys(told), ['ok', 'first_wrong', 'checks']);
		assert.deepEqual(told.checks.map((c) => c.name), NAMES);
		for (const c of told.checks) {
			assert.deepEqual(Object.keys(c), ['name', 'result', 'text', 'todo']);
			assert.ok(['ok', 'warn', 'fail', 'skip'].includes(c.result));
			assert.ok(c.text.length > 10, c.text);
		}
		const fails = told.checks.filter((c) => c.result === 'fail').map((c) => c.name);
		assert.equal(told.first_wrong, fails[0] ?? null);
		assert.equal(told.ok, fails.length === 0);
		assert.equal(r.code === 0, told.ok, `exit ${r.code}`);
		return { code: r.code, told, fails, checks: Object.fromEntries(told.checks.map((c) => [c.name, c])) };
	}
	const skipped = (d, names) => assert.deepEqual(Object.values(d.checks).filter((c) => c.result === 'skip').map((c) => c.name), names, JSON.stringify(d.told));
	/** One failure, its sentence, its exit code, and what is skipped for it. */
	function failed(d, name, code, words, skips) {
		assert.deepEqual(d.fails, [name], JSON.stringify(d.told, null, 1));
		assert.match(d.checks[name].text, words);
		assert.equal(d.code, code);
		if (skips) skipped(d, skips);
	}
	const WAY = ['tls', 'clock', 'token', 'url'];

	it('all well: a line each, exit 0, and the record saw nothing of it, and the app one HEAD', async () => {
		const before = app.requests.length;
		const r = await w.creel(['doctor', '--relay', relayUrl, '--target', String(app.port)]);
		assert.equal(r.code, 0, r.text);
		const lines = r.text.trim().split('\n');
		assert.deepEqual(lines.map((line) => line.split(/\s+/)[1]), NAMES);
		assert.deepEqual(lines.map((line) => line.split(/\s+/)[0]).filter((word) => word !== 'ok'), ['skip'], 'TLS alone');
		assert.match(r.text, /^ok +url +a webhook to http:\/\/127\.0\.0\.1:\d+\/[a-z0-9]{20} came here byte for byte/m);
		assert.match(r.text, new RegExp(`^ok +target +http://localhost:${app.port} answers on 127\\.0\\.0\\.1; nothing is listening on \\[::1\\]:${app.port}: creel tries both; HEAD gets 200$`, 'm'));
		assert.ok(!r.text.includes('first thing wrong'));
		assert.deepEqual(app.requests.slice(before).map((r) => [r.method, r.target, field(r.lines, 'user-agent')]), [['HEAD', '/', 'creel-doctor']]);
		assert.throws(() => statSync(path.join(w.env.XDG_DATA_HOME, 'creel', 'creel.db')), /ENOENT/, 'no store is made');
	});

	it('a running client is left alone', async () => {
		const c = await w.startClient({ relay, target: app.port, name: 'busy' });
		const d = await doctor(['--relay', relayUrl]);
		assert.deepEqual(d.fails, []);
		assert.equal((await post(relay.port, '/busy/x')).status, 200);
		assert.match(d.checks.store.text, /can be read and written, no page is damaged/);
		assert.equal(c.events.filter((e) => e.type === 'state' && e.state !== 'online').length, 0, JSON.stringify(c.events));
		assert.equal((await c.stop('SIGINT')).code, 130);
	});

	it('beside a running client: its relay, its app and its name are looked at, and it goes on', async () => {
		const shut = await freePort();
		const db = w.fresh('beside.db');
		const c = await w.startClient({ relay, target: shut, name: 'beside', db });
		const d = await doctor(['--db', db]);
		failed(d, 'target', 5, new RegExp(`localhost:${shut} does not answer`));
		assert.match(d.checks.relay.text, new RegExp(`^${relayUrl} is the relay of the client that runs here, process ${c.pid}, online as beside$`));
		assert.equal(d.checks.url.result, 'ok');
		assert.deepEqual(c.events.filter((e) => e.type === 'state' && e.state !== 'online'), []);
		// Another relay than its own is not its business.
		const other = await doctor(['--db', db, '--relay', `http://127.0.0.1:${await freePort()}`]);
		failed(other, 'tcp', 3, /nothing is listening/, [...WAY, 'target']);
		assert.equal((await c.stop('SIGINT')).code, 130);
		failed(await doctor(['--db', db]), 'relay', 2, /no relay is known/);
	});

	it('a client that hangs is named', async () => {
		const db = w.fresh('hangs.db');
		const c = await w.startClient({ relay, target: app.port, name: 'hangs', db, args: ['--ping-interval', '1s'] });
		await waitFor('it to be on record as online', async () => (await w.creel(['status', '--db', db])).code === 0);
		c.signal('SIGSTOP');
		const d = await waitFor('its silence to be too long', async () => {
			const told = await doctor(['--db', db]);
			return told.fails.length && told;
		});
		c.signal('SIGCONT');
		failed(d, 'relay', 3, new RegExp(`^the client that runs here, process ${c.pid}, has not confirmed its tunnel at ${relayUrl} for \\d+ s$`), ['tls']);
		assert.equal((await c.stop('SIGINT')).code, 130);
	});

	it('the name that listen would take is asked for, and stays whose it is', async () => {
		const data = w.fresh('relay');
		const [anna, berta] = await Promise.all(['anna', 'berta'].map(async (name) => (await w.run('creel-relay', ['token', 'add', name, '--data', data])).text.trim()));
		const strict = await w.startRelay({ data });
		const config = w.fresh('config.ini');
		writeFileSync(config, `relay = http://127.0.0.1:${strict.port}\n[listen]\nname = zz1\n`, { mode: 0o600 });
		const ask = (token) => doctor(['--config', config], { env: { CREEL_TOKEN: token } });
		assert.deepEqual((await ask(anna)).fails, []);
		assert.deepEqual((await ask(berta)).fails, [], 'it is nobody\'s yet: to ask is not to take');
		const c = await w.startClient({ relay: strict, target: app.port, name: 'zz1', db: w.fresh('zz1.db'), env: { CREEL_TOKEN: anna } });
		assert.deepEqual((await ask(anna)).fails, []);
		const d = await ask(berta);
		failed(d, 'token', 3, /refused: the tunnel's name zz1 belongs to another token$/, ['tls', 'target']);
		assert.equal(d.checks.url.result, 'ok', 'a webhook is tried all the same');
		assert.deepEqual(c.events.filter((e) => e.type === 'state' && e.state !== 'online'), []);
		assert.equal((await c.stop('SIGINT')).code, 130);
		writeFileSync(config, `relay = http://127.0.0.1:${strict.port}\n[listen]\nname = Not/One\n`);
		failed(await ask(anna), 'relay', 2, /'Not\/One' is not a tunnel name/);
	});

	it('no relay is known; a word too many', async () => {
		failed(await doctor([]), 'relay', 2, /no relay is known/, ['dns', 'proxy', 'tcp', ...WAY, 'target']);
		const r = await w.creel(['doctor', '3000']);
		assert.equal(r.code, 2);
		assert.match(r.err, /--target PORT/);
	});

	it('the first thing wrong stands at the end, with what to do', async () => {
		const port = await freePort();
		const r = await w.creel(['doctor', '--relay', `http://127.0.0.1:${port}`]);
		assert.equal(r.code, 3);
		assert.match(r.text.trim().split('\n').at(-1), new RegExp(`^first thing wrong: tcp: the relay http://127\\.0\\.0\\.1:${port} cannot be reached: nothing is listening on port ${port} of 127\\.0\\.0\\.1; is creel-relay running`));
	});

	it('no relay listens', async () => {
		failed(await doctor(['--relay', `http://127.0.0.1:${await freePort()}`]), 'tcp', 3, /cannot be reached/, [...WAY, 'target']);
	});

	it('a relay on ::1 alone is found by the name localhost', async () => {
		const six = await w.startRelay({ listen: '[::1]:0' });
		const d = await doctor(['--relay', `http://localhost:${six.port}`]);
		assert.deepEqual(d.fails, [], JSON.stringify(d.told));
		assert.match(d.checks.tcp.text, /of ::1 takes connections/);
		const same = await doctor(['--relay', `http://[::1]:${six.port}`]);
		assert.match(same.checks.tcp.text, /of ::1 takes connections/, 'and by its address');
	});

	it('http to another machine: a warning', async () => {
		const d = await doctor(['--relay', 'http://hooks.invalid']);
		assert.equal(d.checks.relay.result, 'warn');
		assert.match(d.checks.relay.text, /not encrypted/);
	});

	it('a name that does not resolve', async () => {
		failed(await doctor(['--relay', 'https://hooks.invalid']), 'dns', 3, /the name hooks\.invalid cannot be resolved/, ['proxy', 'tcp', ...WAY, 'target']);
	});

	it('HTTPS_PROXY names a port where nobody listens; its password is not shown', async () => {
		const env = { HTTPS_PROXY: `http://anna:geheim@127.0.0.1:${await freePort()}` };
		const d = await doctor(['--relay', 'https://hooks.invalid'], { env });
		failed(d, 'proxy', 3, /^the proxy http:\/\/127\.0\.0\.1:\d+, which HTTPS_PROXY names, does not open a way to hooks\.invalid:443: nothing is listening there$/, ['tcp', ...WAY, 'target']);
		assert.equal(d.checks.dns.result, 'warn', 'the proxy may know the name');
		assert.ok(!JSON.stringify(d.told).includes('geheim'));
	});

	it('NO_PROXY: said so, and not used', async () => {
		const env = { http_proxy: `http://127.0.0.1:${await freePort()}`, NO_PROXY: '127.0.0.1' };
		const d = await doctor(['--relay', relayUrl], { env });
		assert.match(d.checks.proxy.text, /^NO_PROXY takes 127\.0\.0\.1 out of http_proxy: no proxy is used$/);
		assert.deepEqual(d.fails, []);
	});

	it('a proxy that opens the way, and one that refuses', async () => {
		const allowed = await serve(net.createServer((from) => {
			from.on('error', () => {});
			from.once('data', (head) => {
				const to = net.connect(Number(/^CONNECT \S+:(\d+) /.exec(head.toString('latin1'))[1]), '127.0.0.1', () => {
					from.write('HTTP/1.1 200 Connection established\r\n\r\n');
					from.pipe(to).pipe(from);
				});
				to.on('error', () => from.destroy()).on('close', () => from.destroy());
				from.on('close', () => to.destroy());
			});
		}));
		const refusing = await serve(http.createServer().on('connect', (request, socket) => socket.end('HTTP/1.1 403 Not for you\r\nContent-Length: 0\r\n\r\n')));
		const secure = await w.startRelay({ args: ['--tls-cert', mine.cert, '--tls-key', mine.key] });
		const through = (server) => doctor(['--relay', `https://localhost:${secure.port}`, '--ca', mine.cert], { env: { HTTPS_PROXY: `http://127.0.0.1:${server.address().port}`, NO_PROXY: '127.0.0.1' } });
		const d = await through(allowed);
		assert.match(d.checks.proxy.text, /HTTPS_PROXY opens the way to localhost:/);
		assert.match(d.checks.tcp.text, /through the proxy/);
		assert.deepEqual([d.checks.tls.result, d.checks.clock.result, d.checks.token.result], ['warn', 'ok', 'ok'], JSON.stringify(d.told));
		failed(await through(refusing), 'proxy', 3, /does not open a way.*403/);
	});

	it('a network where only the proxy knows any name: all well but for a warning', async () => {
		const proxy = await serve(http.createServer((request, response) => {
			const on = http.request({ port: inside.port, host: '127.0.0.1', method: request.method, path: request.url.replace('http://hooks.invalid', ''), headers: request.headers },
				(answer) => answer.pipe(response.writeHead(answer.statusCode)));
			request.pipe(on);
		}).on('connect', (request, socket) => {
			const to = net.connect(inside.port, '127.0.0.1', () => {
				socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
				socket.pipe(to).pipe(socket);
			});
			socket.on('error', () => {}).on('close', () => to.destroy());
			to.on('error', () => {}).on('close', () => socket.destroy());
		}));
		const { data, token } = await w.makeData();
		const inside = await w.startRelay({ data, args: ['--public-url', 'http://hooks.invalid'] });
		const d = await doctor(['--relay', 'http://hooks.invalid', '--allow-plain-token'], { env: { CREEL_TOKEN: token, http_proxy: `http://127.0.0.1:${proxy.address().port}` } });
		assert.deepEqual(d.fails, [], JSON.stringify(d.told));
		assert.deepEqual([d.checks.dns.result, d.checks.proxy.result, d.checks.token.result, d.checks.url.result], ['warn', 'ok', 'ok', 'ok']);
		assert.match(d.checks.url.text, /http:\/\/hooks\.invalid\//);
	});

	it('a token the relay does not know, and none where it wants one', async () => {
		const data = w.fresh('relay');
		await w.run('creel-relay', ['token', 'add', 'anna', '--data', data]);
		const strict = await w.startRelay({ data });
		const url = ['--relay', `http://127.0.0.1:${strict.port}`];
		failed(await doctor(url, { env: { CREEL_TOKEN: `creel_${'0'.repeat(64)}` } }), 'token', 3, /refused.*token/, ['tls', 'url', 'target']);
		const none = await doctor(url);
		failed(none, 'token', 3, /token/);
		assert.match(none.checks.token.todo, /creel login URL/);
		const added = await w.run('creel-relay', ['token', 'add', 'berta', '--data', data]);
		const good = await doctor(url, { env: { CREEL_TOKEN: /creel_[0-9a-f]{64}/.exec(added.text)[0] } });
		assert.match(good.checks.token.text, /opened a tunnel, with the token of CREEL_TOKEN/);
		const bound = await w.run('creel-relay', ['token', 'add', 'carla', '--tunnels', 'shop', '--data', data]);
		const named = await doctor(url, { env: { CREEL_TOKEN: /creel_[0-9a-f]{64}/.exec(bound.text)[0] } });
		assert.deepEqual([named.code, named.checks.token.result, named.checks.url.result], [0, 'warn', 'skip']);
		assert.match(named.checks.token.text, /is accepted, but for certain tunnels alone/);
		assert.equal(named.checks.url.text, 'not looked at, as no tunnel was opened');
	});

	describe('certificates', () => {
		const tlsRelay = async (c, listen) => (await w.startRelay({ listen, args: ['--tls-cert', c.cert, '--tls-key', c.key] })).port;

		it('trusted by --ca, and by [listen] of the config; the pin', async () => {
			const good = makeDatedCertificate(w.dir, 'good', { start: day(-1), end: day(90) });
			const url = ['--relay', `https://localhost:${await tlsRelay(good)}`];
			const d = await doctor([...url, '--ca', good.cert]);
			assert.deepEqual(d.fails, []);
			assert.match(d.checks.tls.text, /^TLSv1\.\d, the certificate is trusted for (89|90) days more \(issued by good\)$/);
			assert.equal(d.checks.url.result, 'ok', d.checks.url.text);
			const config = w.fresh('config.ini');
			writeFileSync(config, `[listen]\nca = ${good.cert}\nforward-to = ${app.port}\n`);
			const read = await doctor([...url, '--config', config]);
			assert.deepEqual([read.checks.tls.result, read.checks.target.result], ['ok', 'ok']);
			failed(await doctor([...url, '--ca', good.cert, '--pin', mine.pin]), 'tls', 3, /the key of the certificate of localhost is not the pinned one/, ['clock', 'token', 'url', 'target']);
		});
		it('not trusted', async () => {
			const port = await tlsRelay(mine);
			failed(await doctor(['--relay', `https://localhost:${port}`]), 'tls', 3, /not trusted: it is signed by itself \(issued by mine\)/, ['clock', 'token', 'url', 'target']);
			const insecure = await doctor(['--relay', `https://localhost:${port}`, '--insecure']);
			assert.deepEqual([insecure.checks.tls.result, insecure.checks.token.result], ['warn', 'ok']);
		});
		it('its words do not reach a terminal raw', async () => {
			const evil = makeDatedCertificate(w.dir, 'e\x1b[2Jvil\u202e', { start: day(-1), end: day(90) });
			const r = await w.creel(['doctor', '--relay', `https://localhost:${await tlsRelay(evil)}`]);
			assert.equal(r.code, 3);
			assert.match(r.text, /issued by e\^\[\[2Jvil/);
			assert.ok(!r.text.includes('\x1b') && !r.text.includes('\u202e'), JSON.stringify(r.text));
		});
		it('expired, and not yet valid: the clock is looked at all the same', async () => {
			const old = makeDatedCertificate(w.dir, 'old', { start: day(-40), end: day(-10) });
			failed(await doctor(['--relay', `https://localhost:${await tlsRelay(old)}`, '--ca', old.cert]), 'tls', 3,
				/has expired, (9|10) days ago \(issued by old\)/, ['token', 'url', 'target']);
			const young = makeDatedCertificate(w.dir, 'young', { start: day(10), end: day(40) });
			failed(await doctor(['--relay', `https://localhost:${await tlsRelay(young)}`, '--ca', young.cert]), 'tls', 3,
				/begins only in (9|10) days/, ['token', 'url', 'target']);
		});
		it('soon to end: a warning', async () => {
			const port = await tlsRelay(mine);
			const d = await doctor(['--relay', `https://localhost:${port}`, '--ca', mine.cert]);
			assert.match(d.checks.tls.text, /trusted, but ends in [12] days/);
			assert.equal(d.checks.tls.result, 'warn');
		});
		it('for another name', async () => {
			failed(await doctor(['--relay', `https://127.0.0.2:${await tlsRelay(mine, '127.0.0.2:0')}`, '--ca', mine.cert]), 'tls', 3,
				/the certificate is for localhost, 127\.0\.0\.1, and not for 127\.0\.0\.2/);
			const elsewhere = makeDatedCertificate(w.dir, 'elsewhere', { start: day(-1), end: day(90), names: 'DNS:hooks.example.com' });
			failed(await doctor(['--relay', `https://localhost:${await tlsRelay(elsewhere)}`, '--ca', elsewhere.cert]), 'tls', 3,
				/the certificate is for hooks\.example\.com, and not for localhost/);
		});
		it('https to a relay without TLS', async () => {
			failed(await doctor(['--relay', `https://127.0.0.1:${relay.port}`]), 'tls', 3, /does not speak TLS on port \d+ of 127\.0\.0\.1$/, ['clock', 'token', 'url', 'target']);
			const plain = await serve(http.createServer());
			failed(await doctor(['--relay', `https://127.0.0.1:${plain.address().port}`]), 'tls', 3, /does not speak TLS on port \d+ of 127\.0\.0\.1$/, ['clock', 'token', 'url', 'target']);
		});
	});

	it('the clock: 30 seconds off is a warning, ten minutes a failure', async () => {
		let off = 0;
		const server = await serve(http.createServer((request, response) => {
			response.setHeader('Date', new Date(Date.now() + off * 1000).toUTCString());
			response.end();
		}));
		const at = async (seconds) => {
			off = seconds;
			return (await doctor(['--relay', `http://127.0.0.1:${server.address().port}`])).checks.clock;
		};
		const close = { ...(await at(2)) };
		assert.equal(close.result, 'ok');
		const ahead = await at(-30);
		assert.equal(ahead.result, 'warn');
		assert.match(ahead.text, /clock is (2\d|30|31) s ahead of the relay's/);
		const behind = await at(600);
		assert.equal(behind.result, 'fail');
		assert.match(behind.text, /clock is (59\d|60\d) s behind the relay's/);
	});

	it('a relay that takes connections and says nothing: within its time', async () => {
		const server = await serve(net.createServer());
		const d = await doctor(['--relay', `http://127.0.0.1:${server.address().port}`]);
		assert.equal(d.checks.clock.result, 'warn');
		failed(d, 'relay', 3, /took the connection and did not answer within 5 s/, ['tls', 'token', 'url', 'target']);
	});

	it('a public URL that leads elsewhere, to nobody, or has no name', async () => {
		const other = w.keep(await Receiver.start());
		for (const [url, words] of [
			[`http://127.0.0.1:${other.port}`, /did not come to this machine; what is there answered 200/],
			[`http://127.0.0.1:${await freePort()}`, /does not answer/],
			['http://hooks.invalid', /the name hooks\.invalid cannot be resolved/],
		]) {
			const { data, token } = await w.makeData();
			const lost = await w.startRelay({ data, args: ['--public-url', url] });
			failed(await doctor(['--relay', `http://127.0.0.1:${lost.port}`], { env: { CREEL_TOKEN: token } }), 'url', 3, words, ['tls', 'target']);
		}
	});

	it('something on the way that changes bodies', async () => {
		// What a helpful proxy does: it forwards, and mends the target or the answer.
		let mend;
		const proxy = await serve(http.createServer((request, response) => {
			const pieces = [];
			request.on('data', (piece) => pieces.push(piece)).on('end', () => {
				const body = Buffer.concat(pieces);
				const on = http.request({ port: hidden.port, host: '127.0.0.1', method: request.method, path: mend === 'target' ? decodeURI(request.url).replace(' ', '+') : request.url, headers: request.headers }, (answer) => {
					const back = [];
					answer.on('data', (piece) => back.push(piece)).on('end', () => response.writeHead(answer.statusCode).end(mend === 'answer' ? 'nicer' : Buffer.concat(back)));
				});
				on.end(body);
			});
		}));
		const hidden = await w.startRelay({ args: ['--public-url', `http://127.0.0.1:${proxy.address().port}`] });
		const url = ['--relay', `http://127.0.0.1:${hidden.port}`];
		assert.equal((await doctor(url)).checks.url.result, 'ok');
		mend = 'target';
		failed(await doctor(url), 'url', 3, /came changed on its way/);
		mend = 'answer';
		failed(await doctor(url), 'url', 3, /its answer \(200\) was changed/);
	});

	describe('the store', () => {
		let db;
		before(async () => {
			db = w.path('record.db');
			const c = await w.startClient({ relay, target: app.port, name: 'fill', db });
			for (let i = 0; i < 40; i++) await post(relay.port, '/fill/x', 'b'.repeat(9000));
			await c.stop('SIGINT');
		});

		it('damaged in the middle', async () => {
			const bad = w.path('bad.db');
			copyFileSync(db, bad);
			const bytes = readFileSync(bad);
			assert.ok(bytes.length > 200_000);
			bytes.fill(0xa5, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 16384);
			writeFileSync(bad, bytes);
			const d = await doctor(['--relay', relayUrl, '--db', bad]);
			failed(d, 'store', 4, /bad\.db is damaged: /, ['tls', 'target']);
			assert.match(d.checks.store.todo, /\.recover/);
		});
		it('no database at all; a newer creel\'s', async () => {
			writeFileSync(w.path('junk.db'), 'junk'.repeat(2000));
			failed(await doctor(['--relay', relayUrl, '--db', w.path('junk.db')]), 'store', 4, /junk\.db/);
			copyFileSync(db, w.path('newer.db'));
			await w.run('sqlite3', [w.path('newer.db'), 'PRAGMA user_version=99']);
			failed(await doctor(['--relay', relayUrl, '--db', w.path('newer.db')]), 'store', 4, /newer creel/);
		});
		it('an older schema is named, and left as it is', async () => {
			copyFileSync(db, w.path('older.db'));
			await w.run('sqlite3', [w.path('older.db'), 'PRAGMA user_version=1']);
			failed(await doctor(['--relay', relayUrl, '--db', w.path('older.db')]), 'store', 4, /older creel/);
			assert.equal((await w.run('sqlite3', [w.path('older.db'), 'PRAGMA user_version'])).text.trim(), '1');
		});
		it('locked by another program: a warning', async () => {
			const holder = w.spawn('sqlite3', [db], { stdin: 'pipe' });
			holder.child.stdin.write('BEGIN IMMEDIATE;\nSELECT \'held\';\n');
			await once(holder.child.stdout, 'data');
			const d = await doctor(['--relay', relayUrl, '--db', db]);
			assert.equal(d.checks.store.result, 'warn', d.checks.store.text);
			assert.match(d.checks.store.text, /locked for writing/);
			holder.child.stdin.end();
			await holder.end();
		});
		it('a folder that cannot be written, or is none', async (t) => {
			failed(await doctor(['--relay', relayUrl, '--db', path.join(mine.cert, 'x', 'creel.db')]), 'store', 4, /mine\.crt cannot be written: it is a file/);
			const folder = w.fresh('closed');
			mkdirSync(folder, { mode: 0o500 });
			if (process.getuid() === 0) t.diagnostic('root may write everywhere');
			else failed(await doctor(['--relay', relayUrl, '--db', path.join(folder, 'creel.db')]), 'store', 4, /closed-\d+ cannot be written: Permission denied/);
		});
		it('its disk is full', (t) => {
			const disk = w.fresh('disk');
			mkdirSync(disk);
			try {
				execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', disk], { stdio: 'pipe' });
			} catch {
				t.skip('a small tmpfs cannot be mounted here');
				return undefined;
			}
			return doctor(['--relay', relayUrl, '--db', path.join(disk, 'creel.db')])
				.then((d) => failed(d, 'store', 4, /the disk of .*disk-\d+ is full: [01] MiB are free/, ['tls', 'target']))
				.finally(() => execFileSync('umount', ['-l', disk]));
		});
	});

	describe('the app', () => {
		const look = (target, more = []) => doctor(['--relay', relayUrl, '--target', String(target), ...more]);

		it('down: exit 5', async () => {
			failed(await look(await freePort()), 'target', 5, /does not answer: nothing is listening on \[::1\]:\d+, and nothing is listening on 127\.0\.0\.1:\d+$/, ['tls']);
		});
		it('on ::1 alone', async () => {
			const six = w.keep(await Receiver.start({ host: '::1' }));
			const d = await look(six.port);
			assert.match(d.checks.target.text, /answers on ::1; nothing is listening on 127\.0\.0\.1:\d+: creel tries both; HEAD gets 200$/);
			failed(await look(`http://127.0.0.1:${six.port}`), 'target', 5, /nothing is listening on 127\.0\.0\.1:/);
			assert.match((await look(`http://[::1]:${six.port}`)).checks.target.text, /answers; HEAD gets 200$/);
		});
		it('https to an app without TLS, and one with a certificate of its own', async () => {
			const plain = await serve(http.createServer());
			failed(await look(`https://127.0.0.1:${plain.address().port}`), 'target', 5, /does not speak TLS/);
			const secure = await w.startRelay({ args: ['--tls-cert', mine.cert, '--tls-key', mine.key] });
			failed(await look(`https://localhost:${secure.port}`), 'target', 5, /the certificate of 127\.0\.0\.1:\d+ is signed by itself/);
			assert.match((await look(`https://localhost:${secure.port}`, ['-k'])).checks.target.text, /answers on 127.*; HEAD gets 4\d\d$/);
		});
		it('one that speaks TLS though the target is http, and one that speaks first', async () => {
			const secure = await serve(https.createServer({ cert: readFileSync(mine.cert), key: readFileSync(mine.key) }));
			const d = await look(secure.address().port);
			failed(d, 'target', 5, /does not answer: 127\.0\.0\.1:\d+ does not answer in HTTP: it seems to speak TLS$/, ['tls']);
			assert.equal(d.checks.target.todo, `write https://localhost:${secure.address().port} as the target`);
			const ssh = await serve(net.createServer((socket) => socket.write('SSH-2.0-Other\x1b[31m\r\n')));
			failed(await look(ssh.address().port), 'target', 5, /127\.0\.0\.1:\d+ does not speak HTTP: its answer begins with "SSH-2\.0-Other\\x1b/, ['tls']);
			const shut = await serve(net.createServer((socket) => socket.end()));
			failed(await look(shut.address().port), 'target', 5, /closed the connection before it answered$/, ['tls']);
			const h2 = await serve(http2.createServer());
			failed(await look(h2.address().port), 'target', 5, /speaks HTTP\/2 alone/, ['tls']);
		});
		it('takes connections and does not answer in HTTP: what came is said, within the time there is', async () => {
			const saying = (text) => serve(net.createServer((socket) => socket.once('data', () => socket.write(text))));
			const no = async (server, words) => {
				const began = Date.now();
				const d = await look(server.address().port);
				failed(d, 'target', 5, words, ['tls']);
				assert.match(d.checks.target.text, /takes connections, but does not answer as an app does: /);
				assert.ok(Date.now() - began < 11_000);
				return d;
			};
			const silent = await no(await serve(net.createServer()), /localhost:\d+ did not answer within 5 s$/);
			assert.equal(silent.checks.target.todo, 'does another program listen there, or does the app hang?');
			await no(await saying('+PONG\x1b[31m\r\n'), /does not speak HTTP: its answer begins with "\+PONG\\x1b/);
			await no(await saying('HTTP/1.1 200 OK\r\nX-Half: a\r\n'), /did not answer within 5 s; its answer begins with "HTTP\/1\.1 200 OK/);
			await no(await saying('HTTP/1.1 200 OK\r\nX-Bad\r\n\r\n'), /answered with a line in its head that is not a header field/);
			await no(await saying('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'), /answered with Content-Lengths that differ/);
			await no(await saying(`HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(20_000)}\r\n`), /sent a head of more than 64 KiB/);
			await no(await saying('HTTP/1.1 101 Switching Protocols\r\n\r\n'), /answered with 101, although no upgrade was asked for/);
			await no(await serve(net.createServer((socket) => socket.once('data', () => socket.end()))), /closed the connection before it answered$/);
			const busy = await look((await serve(http.createServer((_, response) => response.writeHead(503).end()))).address().port);
			assert.match(busy.checks.target.text, /; HEAD gets 503$/);
		});
		it('no target at all', async () => {
			failed(await look('3000:x'), 'target', 2, /is not a target/);
		});
	});

	describe('config files', () => {
		it('broken: named with its line, and the rest is looked at by what the command line says', async () => {
			const config = w.fresh('broken.ini');
			writeFileSync(config, 'relay = http://hooks.invalid\nwhat is this\n');
			const d = await doctor(['--config', config, '--relay', relayUrl]);
			failed(d, 'config', 2, /broken\.ini-?\d*:2 is neither/, ['tls', 'target']);
			assert.equal(d.checks.url.result, 'ok');
			writeFileSync(config, '[doctor]\ntarge = 3\n');
			failed(await doctor(['--config', config, '--relay', relayUrl]), 'config', 2, /targe is not a known key; did you mean target/);
			writeFileSync(config, '[listen]\ntimeuot = 3s\n');
			failed(await doctor(['--config', config, '--relay', relayUrl]), 'config', 2, /timeuot is not a known key; did you mean timeout/);
			failed(await doctor(['--config', w.path('none.ini'), '--relay', relayUrl]), 'config', 2, /none\.ini cannot be read/);
		});
		it('the token of the config file; a file that others can read is a warning', async () => {
			const home = w.fresh('home');
			mkdirSync(path.join(home, 'creel'), { recursive: true });
			const config = path.join(home, 'creel', 'config.ini');
			writeFileSync(config, `relay = ${relayUrl}\n[token ${relayUrl}]\ntoken = creel_${'1'.repeat(64)}\n`, { mode: 0o600 });
			const env = { XDG_CONFIG_HOME: home };
			const d = await doctor([], { env });
			assert.match(d.checks.config.text, /^read and valid: .*config\.ini$/);
			assert.match(d.checks.token.text, /token of the config file/);
			assert.ok(!JSON.stringify(d.told).includes('creel_1'));
			chmodSync(config, 0o644);
			const open = await doctor([], { env });
			assert.deepEqual([open.checks.config.result, open.code], ['warn', 0]);
		});
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
