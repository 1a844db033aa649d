// .packaging/install.sh with an archive as `make dist` lays it out; its programs are small ones. try.sh tries the real ones.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, root } from './lib/harness.mjs';

const NAME = 'creel-9.9.9-linux-x86_64', ARCHIVE = `${NAME}.tar.gz`;
const FILES = ['bin/creel', 'bin/creel-relay', 'share/man/man1/creel.1', 'share/man/man7/creel-protocol.7', 'share/man/man8/creel-relay.8', 'share/bash-completion/completions/creel',
	'share/zsh/site-functions/_creel', 'share/fish/vendor_completions.d/creel.fish', 'lib/systemd/system/creel-relay.service'];

describe('install.sh', { skip: process.platform !== 'linux' && 'the archives are for Linux' }, () => {
	let w;
	before(async () => {
		w = new World();
		const at = (...names) => w.path(NAME, ...names);
		for (const dir of ['bin', 'share/man/man1', 'share/man/man7', 'share/man/man8', 'share/completions', 'share/systemd']) mkdirSync(at(dir), { recursive: true });
		for (const program of ['creel', 'creel-relay']) writeFileSync(at('bin', program), '#!/bin/sh\necho creel 9.9.9\n', { mode: 0o755 });
		for (const file of ['man/man1/creel.1', 'man/man7/creel-protocol.7', 'man/man8/creel-relay.8', 'completions/creel.bash', 'completions/creel.zsh', 'completions/creel.fish']) writeFileSync(at('share', file), file);
		cpSync(path.join(root, 'relay/creel-relay.service'), at('share/systemd/creel-relay.service'));
		cpSync(path.join(root, '.packaging/install.sh'), at('install.sh'));
		for (const command of [`tar -czf ${ARCHIVE} ${NAME}`, `sha256sum ${ARCHIVE} >SHA256SUMS`]) assert.equal((await w.run('sh', ['-c', command], { cwd: w.dir })).code, 0);
	});
	after(() => w?.close());

	const install = (args, { prefix = w.path('prefix'), env = {} } = {}) => w.run('sh', [w.path(NAME, 'install.sh'), ...args], { cwd: w.dir, env: { PREFIX: prefix, ...env } });
	const files = (dir) => (existsSync(dir) ? execFileSync('find', [dir, '-type', 'f', '-printf', '%P\n'], { encoding: 'utf8' }).split('\n').filter(Boolean) : []).sort();
	/** The archive in a folder of its own, beside sums as given. */
	const beside = (sums) => {
		const dir = w.fresh('from');
		mkdirSync(dir);
		cpSync(w.path(ARCHIVE), path.join(dir, ARCHIVE));
		if (sums !== undefined) writeFileSync(path.join(dir, 'SHA256SUMS'), sums);
		return path.join(dir, ARCHIVE);
	};
	const refuses = async (args, says, options) => {
		const r = await install(args, options);
		assert.notEqual(r.code, 0);
		assert.match(r.err, says);
		assert.deepEqual(files(w.path('prefix')), [], 'nothing is brought');
		return r;
	};

	it('refuses an archive that cannot be checked, or is another', async () => {
		const sums = readFileSync(w.path('SHA256SUMS'), 'utf8');
		await refuses([beside()], /SHA256SUMS is missing beside/);
		await refuses([beside('')], /has no line for creel-9/);
		await refuses([beside(sums.replace(/^./, (c) => (c === '0' ? '1' : '0')))], /damaged or not the one that was published/);
		await refuses(['nowhere.tar.gz'], /there is no archive nowhere.tar.gz/);
		const tools = w.fresh('tools');
		mkdirSync(tools);
		for (const tool of ['sh', 'awk', 'cut', 'basename', 'dirname']) assert.equal((await w.run('sh', ['-c', `ln -s "$(command -v ${tool})" ${tools}`])).code, 0);
		await refuses([beside(sums)], /neither sha256sum nor shasum/, { env: { PATH: tools } });
	});
	it('refuses words that it does not know, a PREFIX that is none, and one that cannot be written to', async () => {
		assert.equal((await refuses(['--prefix'], /no option --prefix/)).code, 2);
		assert.equal((await refuses(['a', 'b'], /usage: /)).code, 2);
		assert.equal((await refuses([], /is to begin with \//, { prefix: 'relative' })).code, 2);
		writeFileSync(w.path('file'), '');
		await refuses([], /cannot be written to: run this as root, or name a folder/, { prefix: w.path('file') });
	});
	it('says so when a program does not run here', async () => {
		cpSync(w.path(NAME), w.path('other', NAME), { recursive: true });
		writeFileSync(w.path('other', NAME, 'bin/creel'), '\x7fELF');
		const r = await w.run('sh', [w.path('other', NAME, 'install.sh')], { cwd: w.dir, env: { PREFIX: w.path('prefix') } });
		assert.equal(r.code, 1);
		assert.match(r.err, /built for another kind of machine \(Linux \S+ is this one\)$/m);
	});
	it('brings nine files to any folder, and takes those away', async () => {
		// As systemd reads a word: in quotation marks where it has to be, with \\ for \, and %% for % in any case.
		for (const [name, inUnit] of [['prefix', (p) => p], ['50%', (p) => p.replace('%', '%%')], ...['a&b', 'a|b', 'a\\b', 'a b', 'a"b'].map((n) => [n, (p) => `"${p.replace(/[\\"]/, '\\$&')}"`])]) {
			const prefix = w.path(name);
			const r = await install([w.path(ARCHIVE)], { prefix });
			assert.equal(r.code, 0, r.err);
			assert.match(r.text, /creel 9\.9\.9 is installed below .*\n.*\/bin is not in PATH yet/);
			assert.deepEqual(files(prefix), [...FILES].sort(), name);
			assert.ok(readFileSync(path.join(prefix, 'lib/systemd/system/creel-relay.service'), 'utf8').includes(`\nExecStart=${inUnit(`${prefix}/bin/creel-relay`)} serve --config`), name);
			writeFileSync(path.join(prefix, 'bin/mine'), '');
			assert.equal((await install(['--uninstall'], { prefix })).code, 0);
			assert.deepEqual(files(prefix), ['bin/mine']);
		}
	});
});
