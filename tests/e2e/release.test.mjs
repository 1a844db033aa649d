// make release: what it wants to be ready before it begins, that a step that fails ends it, and its tag. The steps themselves
// are other rules of the Makefile; here they are small ones.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, root } from './lib/harness.mjs';

const PAGES = ['client/creel.1', 'shared/creel-protocol.7', 'relay/creel-relay.8'], API = 'client/web/openapi.json';

describe('make release', () => {
	let w, version;
	before(async () => {
		w = new World();
		version = /^VERSION\s*[:?]?=\s*(\S+)/m.exec(readFileSync(path.join(root, 'Makefile'), 'utf8'))[1];
		for (const folder of ['tree/client/web', 'tree/shared', 'tree/relay', 'tree/.github']) mkdirSync(w.path(folder), { recursive: true });
		for (const file of ['Makefile', '.gitignore', ...PAGES, API]) cpSync(path.join(root, file), w.path('tree', file));
		writeFileSync(w.path('tree/.github/CHANGELOG.md'), `# Changes\n\n## ${version} (not released yet)\n`);
		writeFileSync(w.path('tree/GNUmakefile'), 'include Makefile\nfine:\n\t@echo did fine\nbad:\n\t@exit 1\nuntidy:\n\t@echo more >>.github/CHANGELOG.md\n');
		await git('init', '-q');
		await commit();
	});
	after(() => w?.close());

	const run = (program, ...args) => w.run(program, args, { cwd: w.path('tree') });
	const git = (...args) => run('git', '-c', 'user.name=me', '-c', 'user.email=me@example.com', ...args);
	const commit = async () => (await git('add', '-A'), git('commit', '-qm', 'All of it'));
	const release = async (steps) => {
		const r = await run('env', 'GIT_COMMITTER_NAME=me', 'GIT_COMMITTER_EMAIL=me@example.com', 'make', '--no-print-directory', 'release', `RELEASE_STEPS=${steps}`);
		return { code: r.code, said: r.text + r.err };
	};
	const tags = async () => (await git('tag')).text.trim();

	it('wants the changes written down, the man pages of its version, and everything committed', async () => {
		let r = await release('fine');
		assert.match(r.said, new RegExp(`make release: .github/CHANGELOG.md has no line '## ${version}'`));
		writeFileSync(w.path('tree/.github/CHANGELOG.md'), `# Changes\n\n## ${version}\n`);
		assert.match((await release('fine')).said, /make release: commit everything first/);
		const page = readFileSync(w.path('tree', PAGES[0]), 'utf8');
		writeFileSync(w.path('tree', PAGES[0]), page.replace(`"creel ${version}"`, '"creel 0.0.9"'));
		await commit();
		r = await release('fine');
		assert.match(r.said, /make release: client\/creel.1 is of another version/);
		assert.doesNotMatch(r.said, /did fine/);
		writeFileSync(w.path('tree', PAGES[0]), page);
		const api = readFileSync(w.path('tree', API), 'utf8');
		writeFileSync(w.path('tree', API), api.replace(`"version": "${version}"`, '"version": "0.0.9"'));
		await commit();
		assert.match((await release('fine')).said, /make release: client\/web\/openapi.json is of another version/);
		writeFileSync(w.path('tree', API), api);
		await commit();
		assert.equal(await tags(), '');
	});

	it('does not tag when a step failed or changed something; then it tags, once', async () => {
		const failed = await release('fine bad fine');
		assert.notEqual(failed.code, 0);
		assert.equal(failed.said.match(/did fine/g).length, 1);
		assert.match((await release('untidy')).said, /make release: a step changed what git tracks; nothing was tagged/);
		await git('checkout', '-q', '.');
		assert.equal(await tags(), '');
		const done = await release('fine fine');
		assert.equal(done.code, 0, done.said);
		assert.equal(await tags(), `v${version}`);
		assert.match((await release('fine')).said, new RegExp(`make release: v${version} is tagged already; set VERSION`));
	});
});
