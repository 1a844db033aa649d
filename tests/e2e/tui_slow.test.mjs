// The inspector on a line of 9,600 baud (tests/tools/tui_bench.c carries 960 bytes a second from its terminal).
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { binDir } from './lib/harness.mjs';

const measure = async (...args) => {
	const { stdout } = await promisify(execFile)(path.join(binDir, 'tui-bench'), [...args, '--', path.join(binDir, 'tui-fake'), '300', '--plain', '--ascii']);
	return Object.fromEntries(stdout.trim().split('\n').map((l) => l.split(' ')).map(([name, value]) => [name, Number(value)]));
};

it('keys typed ahead are followed by a few drawings, not by one each, and Esc is heard', async () => {
	const f = await measure('--slow', '60');
	// One each takes 16,000 bytes and 15 seconds.
	assert.ok(f.slow_bytes < 8000, `${f.slow_bytes} bytes`);
	assert.ok(f.slow_after_ms < 9000, `${f.slow_after_ms} ms`);
	assert.ok(f.slow_esc_ms < 5000, `${f.slow_esc_ms} ms`);
});
