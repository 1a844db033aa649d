// What TLS the relay's port speaks, to senders and to tunnels: versions, ciphers and their order, sessions resumed, an OCSP
// response stapled, and certificates changed under connections that stand.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import tls from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { World, waitFor, within } from './lib/harness.mjs';
import { Receiver, Sender, requestBytes } from './lib/http.mjs';
import { makeIssued } from './lib/tls.mjs';

describe('the TLS of a relay', () => {
	const w = new World();
	let app, relay, one, two, certFile, keyFile, client;
	const staple = () => `${certFile}.ocsp`;
	before(async () => {
		[one, two] = [makeIssued(w.dir, 'one'), makeIssued(w.dir, 'two')];
		[certFile, keyFile] = [w.path('live.crt'), w.path('live.key')];
		use(one);
		app = w.keep(await Receiver.start());
		relay = await w.startRelay({ args: ['--tls-cert', certFile, '--tls-key', keyFile] });
		client = await w.startClient({ relayUrl: `https://127.0.0.1:${relay.port}`, target: app.port, name: 'a', args: ['--ca', one.issuer] });
	});
	after(() => w.close());

	function use({ cert, key }) {
		copyFileSync(cert, certFile);
		copyFileSync(key, keyFile);
		rmSync(staple(), { force: true });
		if (existsSync(`${cert}.ocsp`)) copyFileSync(`${cert}.ocsp`, staple());
	}
	async function reload() {
		const lines = () => relay.err.split('event=reloaded').length;
		const n = lines();
		relay.signal('SIGHUP');
		await waitFor('the relay to have read its files again', () => lines() > n);
	}

	/** A handshake: the connected socket, or the reason why there is none. */
	const connect = (options) => new Promise((resolve) => {
		const socket = tls.connect({ port: relay.port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false, ...options });
		socket.once('secureConnect', () => resolve(socket)).once('error', (error) => resolve(error.code ?? error.message));
	});
	async function cipherOf(options) {
		const socket = await connect(options);
		if (typeof socket === 'string') return null;
		const { name } = socket.getCipher();
		socket.destroy();
		return name;
	}
	const s_client = async (...args) => (await w.run('openssl', ['s_client', '-connect', `127.0.0.1:${relay.port}`, '-servername', 'localhost', ...args], { input: '' })).text;

	for (const [whom, ALPNProtocols] of [['senders', ['http/1.1']], ['tunnels', ['creel/1']]]) {
		it(`${whom}: of TLS 1.2's ciphers only those with ECDHE and AEAD`, async () => {
			const text = (await w.run('openssl', ['ciphers', '-s', '-tls1_2', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0'])).text.trim();
			const taken = [];
			for (const cipher of text.split(':').filter((c) => !/PSK|SRP/.test(c)))
				if (await cipherOf({ ALPNProtocols, maxVersion: 'TLSv1.2', ciphers: `${cipher}:@SECLEVEL=0` })) taken.push(cipher);
			assert.deepEqual(taken.sort(), ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305']);
		});

		it(`${whom}: 1.2 and 1.3, nothing below`, async () => {
			for (const version of ['TLSv1', 'TLSv1.1'])
				assert.equal(await cipherOf({ ALPNProtocols, minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' }), null, version);
			assert.match(await cipherOf({ ALPNProtocols, minVersion: 'TLSv1.3' }), /^TLS_/);
		});

		it(`${whom}: the order is the server's, save that whoever puts ChaCha20 first has no AES in hardware`, async () => {
			const [a128, a256, chacha] = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305'];
			const chosen = (...ciphers) => cipherOf({ ALPNProtocols, maxVersion: 'TLSv1.2', ciphers: ciphers.join(':') });
			assert.equal(await chosen(a128, chacha, a256), a256);
			assert.equal(await chosen(chacha, a128, a256), chacha);
		});
	}

	for (const version of ['TLSv1.2', 'TLSv1.3'])
		it(`a session is resumed by its ticket (${version})`, async () => {
			const options = { minVersion: version, maxVersion: version, ALPNProtocols: ['http/1.1'] };
			const first = await connect(options);
			assert.equal(first.isSessionReused(), false);
			// Under 1.3 the ticket comes behind the handshake.
			const session = version === 'TLSv1.2' ? first.getSession() : (await within('a ticket', new Promise((resolve) => first.once('session', resolve))));
			first.destroy();
			const second = await connect({ ...options, session });
			assert.equal(second.isSessionReused(), true);
			const s = new Sender(second);
			s.write(requestBytes('POST', '/a/resumed', ['Host: localhost', 'Content-Length: 0']));
			assert.equal((await s.answer()).status, 200);
			await s.end();
		});

	it('nothing is stapled where there is no response', async () => {
		assert.match(await s_client('-status'), /OCSP response: no response sent/);
	});

	it('FILE.ocsp beside the certificate is stapled after SIGHUP, and proves it good', async () => {
		one.ocsp();
		use(one);
		await reload();
		for (const version of ['-tls1_2', '-tls1_3']) {
			const text = await s_client('-status', version, '-CAfile', one.issuer);
			assert.match(text, /OCSP Response Status: successful/);
			assert.match(text, /Cert Status: good/);
			assert.doesNotMatch(text, /Response Verify Failure/);
		}
		assert.match(await s_client('-CAfile', one.issuer), /Verify return code: 0/, 'who does not ask gets none');
	});

	it('a response that says revoked, or is another certificate’s, is left out with a warning', async () => {
		one.ocsp('R');
		use(one);
		await reload();
		assert.match(relay.err, /level=warn event=ocsp_left_out file=\S+live\.crt\.ocsp /);
		assert.match(await s_client('-status'), /OCSP response: no response sent/);
		two.ocsp();
		copyFileSync(`${two.cert}.ocsp`, staple());
		await reload();
		assert.equal(relay.err.split('event=ocsp_left_out').length - 1, 2);
		assert.match(await s_client('-status'), /OCSP response: no response sent/);
	});

	it('one that is no OCSP response: the old certificate stays, response and all', async () => {
		one.ocsp();
		use(one);
		await reload();
		copyFileSync(two.cert, certFile);
		copyFileSync(two.key, keyFile);
		writeFileSync(staple(), 'no response');
		await reload();
		assert.match(relay.err, /event=reloaded failure="\S+ is not an OCSP response in DER"/);
		const text = await s_client('-status');
		assert.match(text, /subject=CN = one/);
		assert.match(text, /Cert Status: good/);
	});

	it('SIGHUP: connections that stand go on, kept alive or in the middle of a request; new ones get the new certificate', async () => {
		use(one);
		await reload();
		const options = { tlsOptions: { ca: one.issuerPem, servername: 'localhost' } };
		const [kept, busy] = [await Sender.connect(relay.port, options), await Sender.connect(relay.port, options)];
		const request = requestBytes('POST', '/a/kept', ['Host: localhost', 'Content-Length: 5'], 'hello');
		kept.write(request);
		assert.equal((await kept.answer()).status, 200);
		await busy.write(request.subarray(0, request.length - 3));
		use(two);
		await reload();
		busy.write(request.subarray(request.length - 3));
		assert.equal((await busy.answer()).status, 200);
		kept.write(request);
		assert.equal((await kept.answer()).status, 200);
		const fresh = await Sender.connect(relay.port, { tlsOptions: { ca: two.issuerPem, servername: 'localhost' } });
		fresh.write(request);
		assert.equal((await fresh.answer()).status, 200);
		await Promise.all([kept, busy, fresh].map((s) => s.end()));
		assert.equal(client.events.filter((e) => e.type === 'state' && e.state !== 'online').length, 0, 'the tunnel stayed');
	});

	it('a key that does not belong to the certificate: both keep the old pair, and it says so', async () => {
		copyFileSync(one.key, keyFile);
		await reload();
		assert.match(relay.err, /event=reloaded failure="the certificate \S+ and key \S+ cannot be used/);
		for (const ALPNProtocols of [['http/1.1'], ['creel/1']]) {
			const socket = await connect({ ALPNProtocols });
			assert.equal(socket.getPeerCertificate().subject.CN, 'two');
			socket.destroy();
		}
	});

	it('a client cannot have the relay negotiate anew', async () => {
		const socket = await connect({ maxVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] });
		const outcome = new Promise((resolve) => {
			socket.once('error', () => resolve('refused'));
			socket.renegotiate({}, (error) => resolve(error ? 'refused' : 'renegotiated'));
		});
		assert.equal(await within('an alert', outcome), 'refused');
		socket.destroy();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
