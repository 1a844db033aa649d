// The shipped systemd unit: what its own shell lines do with the certificate at the start and at a reload.
//
// systemd itself is not run here. Its part is to copy the files of LoadCredential= to a folder that only the service can
// read, once, at the start; the test does that by hand, and takes everything else from the unit.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, lstatSync, mkdirSync, readFileSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { World, root, waitFor } from './lib/harness.mjs';
import { makeCertificate } from './lib/tls.mjs';

const unit = readFileSync(path.join(root, 'relay/creel-relay.service'), 'utf8');

/** The unit's lines of that key, as systemd hands them on: "+" and the like apart, $$ and %% undone, %t and /etc named anew. */
function lines(key, folders) {
	return unit.split('\n').filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1).replace(/^[+!:@-]*/, '')
		.replaceAll('%t', folders.run).replaceAll('/etc/creel', folders.etc).replaceAll('$$', '$').replaceAll('%%', '%'));
}

describe('the service and its certificate', () => {
	const w = new World();
	const folders = { run: w.path('run'), etc: w.path('etc'), credentials: w.path('credentials') };
	const runtime = path.join(folders.run, 'creel-relay');
	const [first, second] = ['first', 'second'].map((name) => makeCertificate(w.dir, name));
	const env = { ...w.env, CREDENTIALS_DIRECTORY: folders.credentials, RUNTIME_DIRECTORY: runtime };
	let relay;

	const install = (folder, { cert, key }) => {
		copyFileSync(cert, path.join(folder, 'tls.crt'));
		copyFileSync(key, path.join(folder, 'tls.key'));
	};
	const shell = (line) => spawnSync('/bin/sh', ['-c', line], { env, encoding: 'utf8' });
	/** `systemctl reload`: each line in turn, until one fails. */
	const reload = () => {
		for (const line of lines('ExecReload', folders)) {
			const r = shell(line.replace('$MAINPID', String(relay.pid)));
			if (r.status !== 0) return r;
		}
		return { status: 0 };
	};
	const served = () => new Promise((resolve) => {
		const socket = tls.connect({ port: relay.port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
			resolve(socket.getPeerCertificate().fingerprint256);
			socket.destroy();
		}).on('error', () => resolve('nothing'));
	});

	before(async () => {
		for (const folder of [folders.run, runtime, folders.etc, folders.credentials]) mkdirSync(folder);
		if (process.getuid() !== 0) {
			// Only root may say whose the files are; a user's are their own anyway.
			mkdirSync(w.path('bin'));
			writeFileSync(w.path('bin', 'setpriv'), '#!/bin/sh\nwhile [ "${1#--}" != "$1" ]; do shift; done\nexec "$@"\n', { mode: 0o755 });
			env.PATH = `${w.path('bin')}:${env.PATH}`;
		}
		install(folders.etc, first);
		install(folders.credentials, first);
		for (const line of lines('ExecStartPre', folders)) {
			const r = shell(line);
			assert.equal(r.status, 0, r.stderr);
		}
		const [, cert, key] = /^Environment=CREEL_RELAY_TLS_CERT=(\S+) CREEL_RELAY_TLS_KEY=(\S+)$/m.exec(unit);
		relay = await w.startRelay({ env: { CREEL_RELAY_TLS_CERT: cert.replace('%t', folders.run), CREEL_RELAY_TLS_KEY: key.replace('%t', folders.run) } });
	});
	after(() => w.close());

	it('starts with the credentials and serves them', async () => assert.equal(await served(), first.fingerprint));

	it('a reload serves the new certificate of /etc, although the credentials are the old ones still', async () => {
		install(folders.etc, second);
		const r = reload();
		assert.equal(r.status, 0, r.stderr);
		await waitFor('the new certificate', async () => (await served()) === second.fingerprint);
		for (const name of ['tls.crt', 'tls.key']) assert.equal(statSync(path.join(runtime, name)).mode & 0o077, 0, `${name} is for the service alone`);
	});

	it('a link that the service put in the place of its copy is replaced and leads nowhere', async () => {
		const elsewhere = w.path('elsewhere');
		writeFileSync(elsewhere, 'precious');
		unlinkSync(path.join(runtime, 'tls.crt'));
		symlinkSync(elsewhere, path.join(runtime, 'tls.crt'));
		assert.equal(reload().status, 0);
		assert.equal(readFileSync(elsewhere, 'utf8'), 'precious');
		assert.ok(lstatSync(path.join(runtime, 'tls.crt')).isFile());
	});

	it('a reload without a certificate in /etc fails, and the old one stays', async () => {
		unlinkSync(path.join(folders.etc, 'tls.crt'));
		const r = reload();
		assert.notEqual(r.status, 0);
		assert.match(r.stderr, /tls\.crt/);
		assert.equal(await served(), second.fingerprint);
	});

	it('behind a proxy that ends TLS there is none: neither start nor reload wants one', () => {
		const none = { ...folders, run: w.path('plain'), etc: w.path('no-etc') };
		mkdirSync(path.join(none.run, 'creel-relay'), { recursive: true });
		const plain = { ...env, CREDENTIALS_DIRECTORY: '', RUNTIME_DIRECTORY: path.join(none.run, 'creel-relay') };
		for (const line of [...lines('ExecStartPre', none), lines('ExecReload', none)[0]]) {
			const r = spawnSync('/bin/sh', ['-c', line], { env: plain, encoding: 'utf8' });
			assert.equal(r.status, 0, r.stderr);
		}
		assert.ok(!existsSync(path.join(none.run, 'creel-relay', 'tls.crt')));
	});

	it('the relay ended cleanly', () => w.endsCleanly());
});
