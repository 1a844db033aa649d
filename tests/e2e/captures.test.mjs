// Captures hold secrets: whatever umask the programs are started under, nobody else can read a file they write, and
// nothing that a sender chose names one.
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';

describe('files with captures', () => {
	const w = new World();
	let relay, app, client;
	const out = (...names) => w.path('out', ...names);

	/** Every file and folder below, with its mode. */
	const below = (folder) => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
		const name = path.join(folder, entry.name);
		return [{ name, mode: lstatSync(name).mode & 0o777, link: entry.isSymbolicLink() }, ...(entry.isDirectory() ? below(name) : [])];
	});
	const open = (folder) => below(folder).filter(({ mode, link }) => !link && mode & 0o077).map(({ name, mode }) => `${name} ${mode.toString(8)}`);

	before(async () => {
		w.inside = ['sh', '-c', 'umask 000; exec "$0" "$@"'];
		mkdirSync(out());
		relay = await w.startRelay();
		app = w.keep(await Receiver.start());
		client = await w.startClient({ relay, target: app.port, name: 'kept' });
		await post(relay.port, '/kept/hook', 'x'.repeat(100), ['Authorization: Bearer planted']);
		await post(relay.port, '/kept/..%2f..%2fetc%2fpasswd;/../../x', Buffer.from([0, 1, 2, 255]), ['Content-Type: application/octet-stream', 'Content-Disposition: attachment; filename="../../escaped"']);
		await post(relay.port, '/kept/large', Buffer.alloc(3 << 20, 1));
		await w.recorded((r) => r.target === '/large' && r.attempts > 0);
	});
	after(() => w.close());

	it('under umask 000 the store, the key, the relay\'s data and its spool are for their owner alone', async () => {
		await w.startClient({ relay, target: app.port, name: 'away' }).then((c) => c.stop('SIGINT'));
		assert.equal((await post(relay.port, '/away/waits', 'queued')).status, 202);
		assert.ok(below(w.env.XDG_DATA_HOME).length > 2);
		assert.deepEqual(open(w.env.XDG_DATA_HOME), []);
		assert.deepEqual(open(relay.data), []);
		assert.equal(lstatSync(relay.data).mode & 0o077, 0);
	});

	for (const format of ['har', 'ndjson', 'http', 'curl'])
		it(`under umask 000 an export is, too, and no sender names its files: ${format}`, async () => {
			mkdirSync(out(format), { mode: 0o700 });
			await w.creelOut(['export', 'method:POST', '--format', format, '-o', out(format, `all.${format}`)]);
			const made = below(out(format));
			assert.ok(made.length > 0);
			assert.deepEqual(open(out(format)), []);
			for (const { name } of made) assert.match(path.basename(name), /^all\.[a-z]+(\.\S+)?$|^[a-z]+-?\d+|^\d+/, 'named by creel');
			assert.equal(below(w.dir).filter(({ name }) => /escaped|passwd/.test(name)).length, 0);
		});

	it('an export does not overwrite a file, nor follow a link, unless --force', async () => {
		writeFileSync(out('mine'), 'mine');
		symlinkSync(out('mine'), out('link'));
		for (const name of ['mine', 'link']) {
			const r = await w.creel(['export', 'method:POST', '--format', 'har', '-o', out(name)]);
			assert.notEqual(r.code, 0, name);
			assert.match(r.err, /^creel: .*(mine|link)/m);
		}
		assert.equal(readFileSync(out('mine'), 'utf8'), 'mine');
	});

	it('the login\'s config file is, too', async () => {
		assert.equal((await w.creel(['login', `http://127.0.0.1:${relay.port}`, '--no-token'])).code, 0);
		assert.deepEqual(open(w.env.XDG_CONFIG_HOME), []);
		assert.ok(below(w.env.XDG_CONFIG_HOME).some(({ name }) => name.endsWith('config.ini')));
	});

	it('what an editor is given lies in a folder for its owner alone, and is gone afterwards', async () => {
		const seen = out('seen');
		mkdirSync(out('tmp'), { mode: 0o777 });
		writeFileSync(out('editor'), `#!/bin/sh\nls -ld "$(dirname "$1")" "$1" | cut -c1-10 > '${seen}'\n`, { mode: 0o755 });
		await w.creel(['replay', '1', '--edit'], { env: { CREEL_EDITOR: out('editor'), TMPDIR: out('tmp') } });
		assert.equal(readFileSync(seen, 'utf8'), 'drwx------\n-rw-------\n');
		assert.deepEqual(below(out('tmp')), []);
	});

	it('every program ended cleanly', async () => {
		await waitFor('the client', () => !client.result);
		await w.endsCleanly();
	});
});
