// A report of any size is written; one that no browser opens well is remarked on.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { World } from './lib/harness.mjs';
import { fill, line } from './lib/web.mjs';

it('a page of more than 100 MiB has a sentence that says so, and is imported', async () => {
	const w = new World();
	try {
		await fill(w, [1, 2].map((n) => line(n, { body: Buffer.alloc(52 << 20, 'x'), headers: [['Content-Type', 'text/plain']] })));
		const large = await w.run('creel', ['report', '', '-o', w.path('large.html')]), small = await w.run('creel', ['report', '1', '-o', w.path('small.html')]);
		assert.match(large.err, /^creel: 2 deliveries exported to .*\ncreel: it has 104 MiB, more than a browser opens well: /);
		assert.match(small.err, /^creel: 1 delivery exported to .*\n$/);
		const back = await w.run('creel', ['import', w.path('large.html'), '--db', w.path('other.db')]);
		assert.match(back.text, /^2 deliveries imported/);
	} finally {
		await w.close();
	}
});
