// What may stand for the app: unix sockets, names that mean this machine, https with an issuer of the user's own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';
import { enterNetns, hasNetns } from './lib/netns.mjs';
import { makeCertificate } from './lib/tls.mjs';

/** An app on a unix socket, which says what it got. */
async function startSocketApp(w, file) {
	const heard = [];
	const server = http.createServer((request, response) => {
		heard.push({ method: request.method, url: request.url, host: request.headers.host });
		response.end('by socket');
	});
	server.listen(file);
	await once(server, 'listening');
	w.keep({ close: () => (server.closeAllConnections(), server.close()) });
	return heard;
}

describe('a unix socket', () => {
	let w, relay, file, heard;
	before(async () => {
		w = new World();
		file = w.path('app.sock');
		heard = await startSocketApp(w, file);
		relay = await w.startRelay();
	});
	after(() => w?.close());

	it('listen: the app gets the sender’s path, Host is localhost, and the record names the socket', async () => {
		await w.startClient({ relay, target: `unix:${file}`, name: 'sock' });
		const r = await post(relay.port, '/sock/hook?x=1');
		assert.deepEqual([r.status, r.body.toString()], [200, 'by socket']);
		assert.deepEqual(heard.at(-1), { method: 'POST', url: '/hook?x=1', host: 'localhost' });
		const { id } = await w.recorded((d) => d.tunnel === 'sock' && d.status === 200);
		assert.equal((await w.run('sqlite3', ['-readonly', w.path('data/creel/creel.db'), `SELECT url FROM attempt WHERE delivery_id = ${id}`])).text.trim(), `unix:${file}:/hook?x=1`);
	});

	it('replay: to where it went, and --to one with a base path', async () => {
		await w.creelOut(['replay', '--last']);
		assert.equal(heard.at(-1).url, '/hook?x=1');
		await w.creelOut(['replay', '--last', '--to', `unix:${file}:/base/`]);
		assert.equal(heard.at(-1).url, '/base/hook?x=1');
		// That one's own place is read back from the record.
		const last = (await w.list()).at(-1);
		const calls = heard.length;
		await w.creelOut(['replay', String(last.id), '--no-forwarded']);
		assert.equal(heard.length, calls + 1);
		assert.equal(heard.at(-1).url, '/base/hook?x=1');
	});

	it('a route, and dev’s target', async () => {
		const app = w.keep(await Receiver.start());
		await w.startClient({ relay, target: app.port, name: 'routed', args: ['--route', `/s=unix:${file}`] });
		assert.equal((await post(relay.port, '/routed/s/x')).body.toString(), 'by socket');
		assert.equal((await post(relay.port, '/routed/x')).body.toString(), 'ok');
		const r = await w.creel(['dev', 'unix:app.sock', '--port', '0']);
		assert.equal(r.code, 2);
		assert.match(r.err, /whole path/);
	});

	it('doctor, trigger and export know it', async () => {
		const d = await w.creel(['doctor', '--relay', `http://127.0.0.1:${relay.port}`, '--target', `unix:${file}`]);
		assert.match(d.text, new RegExp(`^ok +target +unix:${file} answers; HEAD gets 200$`, 'm'));
		const t = await w.creel(['trigger', 'github.push', '--to', `unix:${file}:/t`]);
		assert.equal(t.code, 0, t.err);
		assert.equal(heard.at(-1).method, 'POST');
		assert.match(heard.at(-1).url, /^\/t/);
		const calls = heard.length;
		const line = (await w.creelOut(['export', 'tunnel:sock', '--format', 'curl', '--to', `unix:${file}`])).toString();
		assert.match(line, /--unix-socket /);
		const ran = await w.run('sh', ['-c', line.split('\n\n')[0]]);
		assert.equal(ran.text, 'by socket', ran.err);
		assert.deepEqual(heard[calls], { method: 'POST', url: '/hook?x=1', host: 'localhost' });
	});

	it('what is wrong with it is said', async () => {
		const shut = path.join(w.path('shut'), 'app.sock');
		const gone = w.path('gone.sock');
		writeFileSync(w.path('plain'), '');
		const start = ['--relay', `http://127.0.0.1:${relay.port}`];
		const refused = async (target, words) => {
			const r = await w.creel(['listen', target, ...start]);
			assert.equal(r.code, 2, r.err);
			assert.match(r.err, words);
		};
		await refused('unix:app.sock', /a socket is named by its whole path/);
		await refused(`unix:/${'x'.repeat(120)}`, /has 121 bytes, and the system takes at most 1\d\d/);
		const replayed = async (target, words) => {
			const r = await w.creel(['replay', '--last', '--to', target, '--wait-for-target', '0']);
			assert.equal(r.code, 5, r.err);
			assert.match(r.text + r.err, words);
		};
		await replayed(`unix:${gone}`, new RegExp(`the socket unix:${gone} does not exist; start the app, or correct the path`));
		await replayed(`unix:${w.path('plain')}`, /nothing is listening on unix:/);
		mkdirSync(w.path('shut'));
		await startSocketApp(w, shut);
		chmodSync(shut, 0);
		if (process.getuid() !== 0) await replayed(`unix:${shut}`, /this user may not connect to unix:.*; look at the permissions/);
		const d = await w.creel(['doctor', ...start, '--target', `unix:${gone}`]);
		assert.match(d.text, /^FAIL +target .*does not exist/im);
	});

	it('an app that comes up late is waited for', async () => {
		const late = w.path('late.sock');
		await w.startClient({ relay, target: `unix:${late}`, name: 'late', args: ['--wait-for-target', '20s'] });
		const answer = post(relay.port, '/late/x');
		await w.recorded((d) => d.tunnel === 'late');
		await startSocketApp(w, late);
		assert.equal((await answer).body.toString(), 'by socket');
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('a name of this machine', { skip: hasNetns ? false : 'no network namespaces here' }, () => {
	const w = new World();
	const hosts = w.path('hosts');
	let relay;
	const serve = "require('node:http').createServer((q, r) => r.setHeader('Connection', 'close').end(q.headers.host)).listen(3000, '127.0.0.1', () => console.log('listening'))";
	before(async () => {
		writeFileSync(hosts, '127.0.0.1 localhost app.test mixed.test moves.test\n10.77.0.9 mixed.test far.test\n::1 six.test\n');
		await enterNetns(w, ['10.77.0.9/24'], { hosts });
		relay = await w.startRelay();
		const p = w.spawn('node', ['-e', serve]);
		await waitFor('the app', () => p.stdout.includes('listening'));
	});
	after(() => w.close());

	const curl = async (target) => (await w.run('curl', ['-sS', '-d', 'x', `http://127.0.0.1:${relay.port}${target}`])).text;
	const listen = (target) => w.creel(['listen', target, '--relay', `http://127.0.0.1:${relay.port}`]);

	for (const host of ['app.test', 'myapp.localhost', 'MyApp.LOCALHOST', '0.0.0.0', '[::]'])
		it(`${host} is taken`, async () => {
			const name = `n${host.toLowerCase().replaceAll(/[^a-z0-9]/g, '')}`;
			await w.startClient({ relay, target: `http://${host}:3000`, name });
			assert.match(await curl(`/${name}/x`), /^(app\.test|myapp\.localhost|localhost):3000$/i);
		});

	it('a name that leads elsewhere, in part or whole, or nowhere, is refused with its reason', async () => {
		for (const [host, words] of [['far.test', /far\.test is not on this machine, it resolves to 10\.77\.0\.9: /], ['mixed.test', /mixed\.test is not on this machine, it resolves to 10\.77\.0\.9: /], ['nobody.test', /the name nobody\.test cannot be resolved/]]) {
			const r = await listen(`http://${host}:3000`);
			assert.equal(r.code, 2, r.err);
			assert.match(r.err, words);
		}
	});

	it('one that leads elsewhere later is not followed there', async () => {
		await w.startClient({ relay, target: 'http://moves.test:3000', name: 'moves' });
		assert.equal(await curl('/moves/x'), 'moves.test:3000');
		writeFileSync(hosts, '127.0.0.1 localhost\n10.77.0.9 moves.test\n');
		await waitFor('the refusal', async () => /moves\.test:3000 is not on this machine, and creel forwards to loopback only/.test(await curl('/moves/y')));
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('an https target with an issuer of the user’s own', () => {
	let w, relay, port, mine;
	before(async () => {
		w = new World();
		mine = makeCertificate(w.dir, 'mine');
		const server = https.createServer({ cert: readFileSync(mine.cert), key: readFileSync(mine.key) }, (_, response) => response.end('by TLS'));
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		w.keep({ close: () => (server.closeAllConnections(), server.close()) });
		({ port } = server.address());
		relay = await w.startRelay();
	});
	after(() => w?.close());

	it('--target-ca is trusted for it, in listen, replay and doctor', async () => {
		await w.startClient({ relay, target: `https://localhost:${port}`, name: 'ca', args: ['--target-ca', mine.cert] });
		for (let i = 0; i < 3; i++) assert.equal((await post(relay.port, '/ca/x')).body.toString(), 'by TLS');
		await w.creelOut(['replay', '--last', '--to', `https://localhost:${port}`, '--target-ca', mine.cert]);
		const d = await w.creel(['doctor', '--relay', `http://127.0.0.1:${relay.port}`, '--target', `https://localhost:${port}`, '--target-ca', mine.cert]);
		assert.match(d.text, /^ok +target .* answers on 127\.0\.0\.1.*; HEAD gets 200$/m);
	});

	it('without it, and without -k, the call says why', async () => {
		const r = await w.creel(['replay', '--last', '--to', `https://localhost:${port}`]);
		assert.equal(r.code, 5);
		assert.match(r.text + r.err, /the certificate of localhost:\d+ is signed by itself; --insecure/);
		await w.creelOut(['replay', '--last', '--to', `https://localhost:${port}`, '-k']);
	});

	it('a file that is none is refused', async () => {
		writeFileSync(w.path('none.pem'), 'nothing');
		for (const file of [w.path('none.pem'), w.path('missing.pem')]) {
			const r = await w.creel(['listen', `https://localhost:${port}`, '--relay', `http://127.0.0.1:${relay.port}`, '--target-ca', file]);
			assert.equal(r.code, 2, r.err);
			assert.match(r.err, /the CA file .* cannot be read, or holds no certificate in PEM/);
		}
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
