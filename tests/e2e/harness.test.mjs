// The tests' own tools, where a mistake in them would be taken for creel's.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { freePort, removeFolder, root, waitFor } from './lib/harness.mjs';

it('a folder goes although a program still writes in it', async () => {
	const folder = mkdtempSync(path.join(tmpdir(), 'creel-harness-'));
	// Bounded: on a busy machine a program that never stops may write faster than anybody can remove.
	const busy = spawn('sh', ['-c', 'i=0; while [ $i -lt 4000 ] && : >"$0/file-$i"; do i=$((i + 1)); done', folder], { stdio: 'ignore' });
	const ended = new Promise((resolve) => busy.on('exit', resolve));
	await waitFor('files', () => existsSync(path.join(folder, 'file-100')));
	await removeFolder(folder);
	await ended;
	assert.ok(!existsSync(folder));
});

it('npm packages that cannot be fetched: one sentence, with the registry, why and what to do', async () => {
	const folder = mkdtempSync(path.join(tmpdir(), 'creel-harness-'));
	for (const name of ['packages.sh', 'package.json', 'package-lock.json']) copyFileSync(path.join(root, 'tests/e2e', name), path.join(folder, name));
	const registry = `http://127.0.0.1:${await freePort()}/`;
	const env = { ...process.env, npm_config_cache: path.join(folder, 'cache'), npm_config_registry: registry, npm_config_replace_registry_host: 'always', npm_config_fetch_retries: '0' };
	const r = spawnSync(path.join(folder, 'packages.sh'), { env, encoding: 'utf8' });
	await removeFolder(folder);
	assert.equal(r.status, 1);
	assert.match(r.stderr, /^make test: the packages of the end-to-end tests cannot be fetched from the npm registry http:\S+: it cannot be reached \(ECONNREFUSED\): .*\n$/);
});

it('packages that are missing where there is no sudo: one sentence that names them', async () => {
	// As a user on a machine whose package list is empty and which has no sudo.
	const folder = mkdtempSync(path.join(tmpdir(), 'creel-harness-'));
	mkdirSync(path.join(folder, 'bin'));
	for (const [name, text] of [['id', 'echo 1000'], ['apt-get', 'exit 1'], ['dpkg-query', 'exit 1']])
		writeFileSync(path.join(folder, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
	for (const name of ['sh', 'grep']) copyFileSync(path.join('/bin', name), path.join(folder, 'bin', name));
	const r = spawnSync('/bin/sh', [path.join(root, '.ci/deps'), 'demo'], { env: { PATH: path.join(folder, 'bin') }, encoding: 'utf8' });
	await removeFolder(folder);
	assert.equal(r.status, 1);
	assert.match(r.stderr, /^deps: packages are missing, and only root may install them: there is no sudo here\. As root: apt-get install .* openssl curl\n$/);
});
