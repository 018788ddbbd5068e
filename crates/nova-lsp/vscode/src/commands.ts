// The server's commands, from the palette: asks for what they need, and shows what they answer.

import { window } from 'vscode';
import { ExecuteCommandSignature, LanguageClient } from 'vscode-languageclient/node';

export async function execute(
  client: LanguageClient,
  command: string,
  args: unknown[],
  next: ExecuteCommandSignature,
): Promise<unknown> {
  if (command === 'nova.explain' && args.length === 0) {
    const prompt = 'A search, or the URI of a file';
    const text = await window.showInputBox({ prompt, value: window.activeTextEditor?.document.uri.toString() });
    if (!text) return undefined;
    args = [text];
  }
  const answer: unknown = await next(command, args);
  const shown = typeof answer === 'string' ? answer : JSON.stringify(answer, null, 2);
  client.outputChannel.appendLine(`${[command, ...args].join(' ')}\n${shown}`);
  client.outputChannel.show(true);
  return answer;
}
