// The tests' own tools, where a mistake in them would be taken for creel's.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { removeFolder, waitFor } from './lib/harness.mjs';

it('a folder goes although a program still writes in it', async () => {
	const folder = mkdtempSync(path.join(tmpdir(), 'creel-harness-'));
	const busy = spawn('sh', ['-c', 'i=0; while : >"$0/file-$i"; do i=$((i + 1)); done', folder], { stdio: 'ignore' });
	const ended = new Promise((resolve) => busy.on('exit', resolve));
	await waitFor('files', () => existsSync(path.join(folder, 'file-100')));
	await removeFolder(folder);
	await ended;
	assert.ok(!existsSync(folder));
});
