// Everything an app can do wrong: the sender, `show` and the exit status of a replay say the same true reason.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { World, binDir, freePort, waitFor } from './lib/harness.mjs';
import { Receiver, field, post, requestBytes, send } from './lib/http.mjs';
import { makeCertificate, makeDatedCertificate } from './lib/tls.mjs';

const TIMEOUT = '1500ms';
const OK = 'HTTP/1.1 200 OK\r\n';

/** An app that does `act(socket)` once a request came. */
const onRequest = (act) => net.createServer((socket) => {
	socket.on('error', () => {});
	socket.once('data', (piece) => act(socket, piece));
});
/** One that answers with these bytes, and leaves the connection open or ends it. */
const says = (bytes, { end = false } = {}) => onRequest((socket) => (end ? socket.end(bytes, 'latin1') : socket.write(bytes, 'latin1')));
const onTls = (options) => https.createServer(options, (_, response) => response.end('ok'));

describe('what an app does wrong has its true reason', () => {
	const w = new World();
	const pair = (c) => ({ cert: readFileSync(c.cert), key: readFileSync(c.key) });
	const issued = () => {
		const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
		const [ca, cert, key, request] = [makeCertificate(w.dir, 'issuer'), w.path('issued.crt'), w.path('issued.key'), w.path('issued.csr')];
		openssl('req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=issued', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', request);
		openssl('x509', '-req', '-in', request, '-CA', ca.cert, '-CAkey', ca.key, '-days', '2', '-copy_extensions', 'copy', '-out', cert);
		return { cert, key };
	};
	const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().replaceAll(/[-:T]|\..*/g, '') + 'Z';
	const mine = makeCertificate(w.dir, 'mine');

	/* name: [app, result on record, the sentence, { https, headCame }] */
	const table = {
		'nothing there': [null, 'unreachable', /^nothing is listening on localhost:\d+; start the app$/],
		'reset on the request': [onRequest((s) => s.resetAndDestroy()), 'aborted', /^localhost:\d+ broke off before it answered: it reset the connection; its own log should say why$/],
		'closed on the request': [onRequest((s) => s.end()), 'aborted', /^localhost:\d+ closed the connection before it answered; its own log should say why$/],
		'an end within the head': [says(`${OK}Content-Le`, { end: true }), 'aborted', /^localhost:\d+ broke off before it answered; its own log should say why$/],
		'TLS alone': [onTls(pair(mine)), 'aborted', /^localhost:\d+ does not answer in HTTP: it seems to speak TLS; write https:\/\/localhost:\d+ as the target$/],
		'TLS that wants a certificate alone': [tls.createServer({ ...pair(mine), requestCert: true, rejectUnauthorized: true }).on('tlsClientError', () => {}), 'aborted', /it seems to speak TLS/],
		'HTTP/2 alone': [http2.createServer(), 'aborted', /^localhost:\d+ speaks HTTP\/2 alone, and creel calls apps in HTTP\/1\.1; /],
		'another protocol': [says('SSH-2.0-x\x1b[31m\r\n'), 'aborted', /^localhost:\d+ does not speak HTTP: its answer begins with "SSH-2\.0-x\\x1b\[31m\\x0d\\x0a"; is the port right\?$/],
		'HTTP/0.9': [says('<html>hello</html>', { end: true }), 'aborted', /does not speak HTTP: its answer begins with "<html>hello<\/html>"/],
		'another version': [says('HTTP/3.0 200 OK\r\n\r\n'), 'aborted', /^localhost:\d+ answered with a version of HTTP other than 1\.0 and 1\.1; `creel show ID --response --raw` shows what came$/],
		'no status': [says('HTTP/1.1 abc OK\r\n\r\n'), 'aborted', /^localhost:\d+ answered with a malformed status line; `creel show ID --response --raw` shows what came$/],
		'a head without end': [says(`${OK}X: ${'x'.repeat(70_000)}\r\n\r\n`), 'aborted', /^localhost:\d+ sent a head of more than 64 KiB; have it send fewer or shorter header fields$/],
		'lines that end in LF alone': [says('HTTP/1.1 200 OK\nContent-Length: 2\n\nok'), 'aborted', /^localhost:\d+ answered with a line in its head that does not end in CR LF; `creel show ID --response --raw` shows what came$/],
		'a field line that ends in LF alone': [says(`${OK}Content-Length: 2\n\r\nok`), 'aborted', /^localhost:\d+ answered with a line in its head that does not end in CR LF; `creel show ID --response --raw` shows what came$/],
		'a line that is no field': [says(`${OK}no field\r\n\r\n`), 'aborted', /answered with a line in its head that is not a header field, or holds a control character; `creel show ID --response --raw` shows what came$/],
		'a NUL in a field': [says(`${OK}X: a\0b\r\n\r\n`), 'aborted', /not a header field, or holds a control character; `creel show ID --response --raw` shows what came$/],
		'a bare CR in a field': [says(`${OK}X: a\rb\r\n\r\n`), 'aborted', /answered with /],
		'lengths that differ': [says(`${OK}Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc`), 'aborted', /answered with Content-Lengths that differ or are not numbers; `creel show ID --response --raw` shows what came$/],
		'an unknown coding': [says(`${OK}Transfer-Encoding: gzip\r\n\r\nabc`), 'aborted', /answered with a Transfer-Encoding other than chunked; `creel show ID --response --raw` shows what came$/],
		'101 unasked': [says('HTTP/1.1 101 Switching Protocols\r\n\r\n'), 'aborted', /answered with 101, although no upgrade was asked for; `creel show ID --response --raw` shows what came$/],
		'1xx without end': [says('HTTP/1.1 102 Processing\r\n\r\n'.repeat(150)), 'aborted', /^localhost:\d+ sent more than 100 answers of 1xx and no other; have it send one of 200 to 599$/],
		'no answer in time': [onRequest(() => {}), 'timeout', /^localhost:\d+ did not answer within 1\.5 s; --timeout gives it longer$/],
		'half a head in time': [says(`${OK}X: y\r\n`), 'timeout', /^localhost:\d+ did not answer within 1\.5 s; /],
		'silence within the body': [says(`${OK}Content-Length: 10\r\n\r\nabc`), 'timeout', /^localhost:\d+ did not go on with its answer within 1\.5 s; /, { headCame: true }],
		'an end within the body': [says(`${OK}Content-Length: 10\r\n\r\nabc`, { end: true }), 'aborted', /^localhost:\d+ broke off in the middle of its answer; its own log should say why$/, { headCame: true }],
		'a reset within the body': [onRequest((s) => s.write(`${OK}Content-Length: 10\r\n\r\nabc`, () => s.resetAndDestroy())), 'aborted', /^localhost:\d+ broke off in the middle of its answer; its own log should say why$/, { headCame: true }],
		'a chunk that is none': [says(`${OK}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\nxyz\r\n`), 'aborted', /^localhost:\d+ answered with malformed chunks; `creel show ID --response --raw` shows what came$/, { headCame: true }],
		'https: an expired certificate': [() => onTls(pair(makeDatedCertificate(w.dir, 'old', { start: day(-30), end: day(-3) }))), 'tls', /^the certificate of localhost:\d+ (has expired|is signed by itself); --insecure/, { https: true }],
		'https: signed by itself': [onTls(pair(mine)), 'tls', /^the certificate of localhost:\d+ is signed by itself; --insecure/, { https: true }],
		'https: an issuer that nobody knows': [() => onTls(pair(issued())), 'tls', /^the certificate of localhost:\d+ is not trusted; --insecure/, { https: true }],
		'https: plain HTTP': [says(`${OK}\r\n`), 'tls', /^localhost:\d+ does not speak TLS, or none that creel knows; write http:/, { https: true }],
		'https: closed in the handshake': [onRequest((s) => s.end()), 'tls', /^localhost:\d+ ended the connection while TLS was being set up; write http:/, { https: true }],
		'https: silence in the handshake': [net.createServer(), 'timeout', /^localhost:\d+ took the connection and did not set TLS up within 1\.5 s; write http:\/\/ if it speaks plain HTTP; /, { https: true }],
		'https: half a handshake': [onRequest((s) => s.write(Buffer.from('160303007a0200007603', 'hex'))), 'timeout', /^localhost:\d+ took the connection and did not set TLS up within 1\.5 s; /, { https: true }],
		'https: TLS 1.1 at most': [() => tls.createServer({ ...pair(mine), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }).on('tlsClientError', () => {}), 'tls', /^localhost:\d+ and creel know no version of TLS, or no cipher, in common; /, { https: true }],
	};
	const rows = Object.entries(table).map(([what, [app, result, words, how = {}]], i) => ({ what, app: typeof app === 'function' && !(app instanceof net.Server) ? app() : app, result, words, path: `/r${i}`, ...how }));
	let relay;

	before(async () => {
		relay = await w.startRelay();
		for (const row of rows) {
			row.port = await freePort();
			if (!row.app) continue;
			row.app.listen(row.port, '127.0.0.1');
			row.sockets = new Set();
			row.app.on('connection', (s) => row.sockets.add(s.on('error', () => {})));
			w.keep({ close: () => (row.app.close(), row.sockets.forEach((s) => s.destroy())) });
			await once(row.app, 'listening');
		}
		await w.startClient({ relay, target: 1, name: 'faults', args: ['--timeout', TIMEOUT, '--wait-for-target', '0',
			...rows.flatMap((row) => ['--route', `${row.path}=${row.https ? 'https' : 'http'}://localhost:${row.port}`])] });
	});
	after(() => w.close());

	for (const row of rows)
		it(row.what, async () => {
			const answer = await send(relay.port, requestBytes('POST', `/faults${row.path}`, ['Host: localhost', 'Content-Length: 5'], 'hello'));
			// A head that has left the client reaches the sender, and an abrupt end after it.
			const cut = row.headCame && answer.status === 200;
			if (cut) {
				assert.ok(!answer.complete, 'the sender is not told that it is whole');
			} else {
				assert.equal(answer.status, row.result === 'timeout' ? 504 : 502);
				assert.equal(field(answer.lines, 'creel-error'), row.result);
				assert.match(answer.body.toString().replace(/^creel: /, '').trim(), row.words);
			}
			const d = await w.recorded((one) => one.target === row.path && one.state !== 'live' && one.state !== 'recorded');
			assert.equal(d.state, 'failed');
			const shown = (await w.creelOut(['show', String(d.id)])).toString();
			const sentence = cut ? null : answer.body.toString().replace(/^creel: /, '').trim();
			if (sentence) assert.ok(shown.includes(sentence), shown);
			else assert.match(shown, new RegExp(row.words.source.replace(/^\^|\$$/g, '')));
			assert.doesNotMatch(shown + (answer?.body ?? ''), /\x1b/);
			const again = await w.creel(['replay', String(d.id), '--no-forwarded', '--timeout', TIMEOUT, '--wait-for-target', '0']);
			assert.equal(again.code, 5, again.text + again.err);
		});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('the client’s own limits', { skip: process.platform === 'linux' ? false : 'limits of descriptors differ' }, () => {
	const w = new World();
	after(() => w.close());

	it('out of descriptors: said so, and it goes on when there are some', async () => {
		const open = [];
		const app = w.keep(await Receiver.start({ answer: (_, socket) => open.push(socket) }));
		const relay = await w.startRelay();
		const ready = w.path('ready');
		const c = w.spawn('sh', ['-c', `ulimit -n 40 && exec '${path.join(binDir, 'creel')}' listen ${app.port} --name few --relay http://127.0.0.1:${relay.port} --output quiet --ready-file '${ready}' --wait-for-target 0`]);
		c.kind = 'client';
		await w.fileFrom(c, ready);
		const answers = Array.from({ length: 60 }, () => post(relay.port, '/few/x'));
		await waitFor('no more calls to arrive', async () => {
			const before = open.length;
			await new Promise((resolve) => setTimeout(resolve, 400));
			return before > 0 && open.length === before;
		});
		for (const socket of open) socket.write(`${OK}Content-Length: 2\r\n\r\nok`);
		app.answer = null;
		const got = await Promise.all(answers);
		const refused = got.filter((a) => a.status !== 200);
		assert.ok(refused.length > 0, 'not all of them had a descriptor');
		for (const a of refused) assert.match(a.body.toString(), /file descriptors ran out before localhost:\d+ could be called; raise the limit \(ulimit -n\)/);
		assert.equal((await post(relay.port, '/few/x')).status, 200);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('a kept connection that the app closes', () => {
	const w = new World();
	after(() => w.close());

	it('600 POSTs with pauses of 0 to 10 ms to an app that keeps connections for 1 ms: each is answered, none twice', async () => {
		const script = `let n = 0;
			const s = require('node:http').createServer({ keepAliveTimeout: 1 }, (q, r) => { q.resume().on('end', () => { n++; console.log(q.url); r.end('ok'); }); });
			s.listen(0, '127.0.0.1', () => console.log('port ' + s.address().port));`;
		const p = w.spawn('node', ['-e', script]);
		const port = await waitFor('the app', () => /^port (\d+)/.exec(p.stdout.toString())?.[1]);
		const relay = await w.startRelay();
		await w.startClient({ relay, target: port, name: 'race', output: 'quiet' });
		for (let i = 0; i < 600; i++) {
			const r = await post(relay.port, `/race/${i}`);
			assert.equal(r.status, 200, `${i}: ${r.body}`);
			await new Promise((resolve) => setTimeout(resolve, (i * 7) % 11));
		}
		const heard = p.stdout.toString().trim().split('\n').slice(1);
		assert.equal(heard.length, 600);
		assert.equal(new Set(heard).size, 600);
	});

	it('what an app has read and died of is not sent again if it may not be; a GET is, once', async () => {
		// Answers the first request of a connection, reads the second and closes.
		const seen = [];
		const app = net.createServer((socket) => {
			let count = 0;
			socket.on('error', () => {});
			socket.on('data', (piece) => {
				seen.push(piece.toString('latin1').split(' ', 1)[0]);
				if (count++ === 0) socket.write(`${OK}Content-Length: 2\r\n\r\nok`);
				else socket.destroy();
			});
		});
		app.listen(0, '127.0.0.1');
		await once(app, 'listening');
		w.keep({ close: () => app.close() });
		const relay = await w.startRelay();
		await w.startClient({ relay, target: app.address().port, name: 'dies', output: 'quiet' });
		const call = (method) => send(relay.port, requestBytes(method, '/dies/x', ['Host: localhost', 'Content-Length: 5'], 'hello'));
		assert.equal((await call('POST')).status, 200);
		const second = await call('POST');
		assert.equal(second.status, 502);
		assert.match(second.body.toString(), /closed the connection before it answered/);
		assert.deepEqual(seen, ['POST', 'POST']);
		assert.equal((await call('GET')).status, 200);
		assert.equal((await call('GET')).status, 200);
		assert.deepEqual(seen, ['POST', 'POST', 'GET', 'GET', 'GET']);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
