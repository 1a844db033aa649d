// Charts of what matches.
export async function show() {}
