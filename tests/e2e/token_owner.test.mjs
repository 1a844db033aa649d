// Root makes a token in the data folder of a service's user: the files are that user's, or the service could not write them.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World } from './lib/harness.mjs';

describe('creel-relay token, run by root', { skip: process.getuid() !== 0 && 'only root can become another user' }, () => {
	let w;
	before(() => (w = new World()));
	after(() => w?.close());

	it('works as the owner of the data folder', async () => {
		const data = path.join(w.dir, 'service');
		chmodSync(w.dir, 0o711); // as /var/lib is: everybody may go through
		mkdirSync(data, { mode: 0o700 });
		chownSync(data, 65532, 65532);
		const added = await w.run('creel-relay', ['token', 'add', 'anna', '--data', data]);
		assert.equal(added.code, 0, added.text);
		const files = readdirSync(data);
		assert.ok(files.length > 0);
		for (const name of files) {
			const s = statSync(path.join(data, name));
			assert.deepEqual([s.uid, s.gid, s.mode & 0o077], [65532, 65532, 0], name);
		}
		assert.match((await w.run('creel-relay', ['token', 'list', '--data', data])).text, /^anna /m);
	});

	it('stays root where the folder is root’s', async () => {
		const data = path.join(w.dir, 'own');
		assert.equal((await w.run('creel-relay', ['token', 'add', 'anna', '--data', data])).code, 0);
		for (const name of readdirSync(data)) assert.equal(statSync(path.join(data, name)).uid, 0, name);
	});
});
