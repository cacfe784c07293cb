// Questions to the server. A mistake is a `Refused` with the server's sentence; where too many wait, it is asked again.

export class Refused extends Error {
  constructor(status, sentence) { super(sentence); this.status = status; }
}

const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

async function ask(path, options = {}, again = 5) {
  let answer;
  try { answer = await fetch(path, options); } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refused(0, 'The explorer does not answer: it may have been closed in its terminal. Start it again, then reload this page.');
  }
  if (answer.status === 429 && again > 0) {
    await pause(Number(answer.headers.get('retry-after') ?? 1));
    return ask(path, options, again - 1);
  }
  if (!answer.ok) {
    const content = await answer.json().catch(() => ({}));
    throw new Refused(answer.status, content.error ?? `The explorer answered ${answer.status}.`);
  }
  return answer;
}

export const get = async (path) => (await ask(path)).json();

export const post = (path, content, signal) =>
  ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(content), signal });

export const sendFile = async (path, file) =>
  (await ask(path, { method: 'POST', headers: { 'content-type': 'application/octet-stream' }, body: file })).json();
