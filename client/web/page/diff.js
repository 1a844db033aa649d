// Two deliveries side by side, as the server compares them.
export async function show() {}
