// An app with large pages for tests of what strangers can make the client read and write, and a look at what it writes.
import { once } from 'node:events';
import { statSync } from 'node:fs';
import http from 'node:http';

const KiB = 1024;
const piece = Buffer.alloc(64 * KiB, 'a page of the app ');

/** An app with large pages: `/large/BYTES`, and `/slow` that begins its answer when told; 200 to the rest. */
export async function startPages() {
	const app = { given: new Map(), closed: new Map(), go: new Map() };
	app.server = http.createServer(async (request, response) => {
		request.resume();
		let wake = () => {};
		response.on('close', () => (app.closed.set(request.url, !response.writableFinished), wake()));
		response.on('drain', () => wake());
		const size = Number(/^\/large\/(\d+)/.exec(request.url)?.[1] ?? -1);
		if (size < 0) return void response.end('taken');
		if (request.url.endsWith('/wait')) await new Promise((resolve) => app.go.set(request.url, resolve));
		response.writeHead(200, request.url.includes('/declared') ? { 'Content-Length': size } : {});
		for (let at = 0; at < size && !response.destroyed; at += piece.length) {
			app.given.set(request.url, at);
			if (!response.write(piece.subarray(0, Math.min(piece.length, size - at)))) await new Promise((resolve) => (wake = resolve));
		}
		response.end();
	});
	app.server.listen(0, '127.0.0.1');
	await once(app.server, 'listening');
	app.port = app.server.address().port;
	app.close = () => (app.server.closeAllConnections(), app.server.close());
	return app;
}

/** The largest that the store's files were together while `work` ran, looked at all the time. */
export async function largest(db, work) {
	let most = 0;
	const look = () => {
		let sum = 0;
		for (const tail of ['', '-wal', '-shm']) sum += statSync(db + tail, { throwIfNoEntry: false })?.size ?? 0;
		most = Math.max(most, sum);
	};
	const timer = setInterval(look, 2);
	try {
		await work();
	} finally {
		clearInterval(timer);
	}
	look();
	return most;
}
