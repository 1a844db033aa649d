// The issuers that a machine trusts are found where its distribution keeps them, by every connection that creel makes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, within } from './lib/harness.mjs';
import { makeIssued } from './lib/tls.mjs';

// Another /etc, in which a file holds the issuers: "$1", what lies at "$2" there.
const INSIDE = 'keep=$(mktemp -d) && cp /etc/hosts /etc/passwd /etc/nsswitch.conf /etc/ld.so.cache "$keep" && mount -t tmpfs none /etc && cp "$keep"/* /etc && rm -r "$keep" '
	+ '&& if [ "$2" ]; then mkdir -p "/etc/${2%/*}" && cp -r "$1" "/etc/$2"; fi && shift 2 && exec "$@"';

describe('issuers of the system', { skip: process.platform !== 'linux' && 'the places are put there by a mount of Linux' }, () => {
	const w = new World();
	let issued, relay, app;
	before(async () => {
		for (const name of ['SSL_CERT_FILE', 'SSL_CERT_DIR']) delete w.env[name];
		issued = makeIssued(w.dir, 'good');
		relay = await w.startRelay({ args: ['--tls-cert', issued.cert, '--tls-key', issued.key] });
		app = https.createServer({ cert: readFileSync(issued.cert), key: readFileSync(issued.key) }, (_, answer) => answer.end('by TLS')).listen(0, '127.0.0.1');
		w.keep({ close: () => (app.closeAllConnections(), app.close()) });
	});
	after(() => w.close());

	const relayUrl = () => `https://localhost:${relay.port}`;
	/** Runs `work` with what the world starts on a machine that has `from` at /etc/`place`; '': nothing. */
	async function on(place, from, work) {
		w.inside = ['unshare', process.getuid() === 0 ? '-m' : '-Urm', 'sh', '-c', INSIDE, 'sh', from, place];
		try {
			return await work();
		} finally {
			w.inside = [];
		}
	}
	async function doctor(args = [], env = {}) {
		const r = await w.creel(['doctor', '--relay', relayUrl(), '--json', ...args], { env });
		return JSON.parse(r.text).checks.find((c) => c.name === 'tls');
	}
	const issuers = (check) => /; issuers trusted here: (.*)/.exec(check.text)?.[1];
	/** A folder as c_rehash makes it. */
	function hashed() {
		const folder = w.fresh('hashed');
		mkdirSync(folder);
		copyFileSync(issued.issuer, path.join(folder, 'good.pem'));
		execFileSync('openssl', ['rehash', folder], { stdio: 'pipe' });
		return folder;
	}

	for (const [name, place] of [
		['Debian', 'ssl/certs/ca-certificates.crt'],
		['Fedora', 'pki/tls/certs/ca-bundle.crt'],
		['openSUSE', 'ssl/ca-bundle.pem'],
		['Arch', 'ca-certificates/extracted/tls-ca-bundle.pem'],
		['Alpine', 'ssl/cert.pem'],
	])
		it(`as on ${name}: the tunnel, the app's caller, a sender and doctor trust them`, () =>
			on(place, issued.issuer, async () => {
				const seen = await doctor();
				assert.equal(seen.result, 'warn', seen.text); // its two days
				// Debian's OpenSSL may know that file by a link of its own.
				assert.match(seen.text, new RegExp(`\\(issued by issuer of good\\); issuers trusted here: (/etc/${place}|/\\S+/cert.pem)$`));
				const c = await w.startClient({ relayUrl: relayUrl(), target: `https://localhost:${app.address().port}`, name: name.toLowerCase() });
				const r = await w.creel(['trigger', 'github.push', '--to', `${relayUrl()}/${c.tunnel}/hook`]);
				assert.equal(r.code, 0, r.err);
				const d = await w.recorded((one) => one.tunnel === c.tunnel);
				assert.equal(d.status, 200, JSON.stringify(d));
				await c.stop('SIGINT');
			}));

	it('a folder with names as OpenSSL looks them up', () =>
		on('ssl/certs', hashed(), async () => assert.match((await doctor()).text, /; issuers trusted here: \S+\/certs$/)));

	it('SSL_CERT_FILE and SSL_CERT_DIR come first, and doctor names them', () =>
		on('ssl/ca-bundle.pem', '/dev/null', async () => {
			const folder = hashed();
			const byFile = await doctor([], { SSL_CERT_FILE: issued.issuer });
			assert.deepEqual([byFile.result, issuers(byFile)], ['warn', `${issued.issuer} (SSL_CERT_FILE)`]);
			const byFolder = await doctor([], { SSL_CERT_DIR: folder });
			assert.deepEqual([byFolder.result, issuers(byFolder)], ['warn', `${folder} (SSL_CERT_DIR)`]);
			const lost = await doctor([], { SSL_CERT_FILE: '/none.pem' });
			assert.deepEqual([lost.result, issuers(lost)], ['fail', '/none.pem (SSL_CERT_FILE, which cannot be read)']);
		}));

	it('a machine without any is told so', () =>
		on('', '', async () => {
			const seen = await doctor();
			assert.equal(seen.result, 'fail');
			assert.equal(seen.text, 'the certificate of localhost is not trusted: this machine has no list of the issuers to trust (issued by issuer of good)');
			assert.match(seen.todo, /install the package ca-certificates, or name such a file in SSL_CERT_FILE/);
			assert.equal((await doctor(['--ca', issued.issuer])).result, 'warn');
			const r = await w.creel(['trigger', 'github.push', '--to', `https://localhost:${app.address().port}/hook`]);
			assert.deepEqual([r.code, /no list of the issuers/.test(r.err)], [5, true], r.err);
			const c = await w.startClient({ relayUrl: relayUrl(), target: 1, wait: false });
			await within('the tunnel to fail', (async () => {
				while (!/no list of the issuers/.test(c.err + c.stdout)) await new Promise((tick) => setTimeout(tick, 20));
			})());
			await c.stop('SIGINT');
		}));

	it('nobody is trusted for lying in ../share of the working folder', async () => {
		const project = w.fresh('project');
		mkdirSync(path.join(project, 'bin'), { recursive: true });
		execFileSync('cp', ['-r', hashed(), path.join(project, 'share')]);
		const c = await w.startClient({ relayUrl: relayUrl(), target: 1, wait: false, cwd: path.join(project, 'bin') });
		await within('the tunnel to fail', (async () => {
			while (!/is not trusted/.test(c.err + c.stdout)) {
				assert.doesNotMatch(String(c.stdout), /"online"/);
				await new Promise((tick) => setTimeout(tick, 20));
			}
		})());
		await c.stop('SIGINT');
	});
});
