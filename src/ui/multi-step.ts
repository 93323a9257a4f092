/** Questions in a row, with a way back: what was typed is kept when one goes back, and Escape cancels all of it. */
import {
  Disposable,
  type Event,
  type InputBoxValidationMessage,
  InputBoxValidationSeverity,
  type QuickInput,
  type QuickInputButton,
  QuickInputButtons,
  window,
} from "vscode";

/** What a step made of the draft. */
export type Answer<Draft> =
  | { readonly is: "next" | "back"; readonly draft: Draft }
  | { readonly is: "cancelled" };

/** Which question it is, as its title shows. */
export interface Frame {
  readonly title: string;
  /** From 1. */
  readonly step: number;
  readonly totalSteps: number;
}

export type Step<Draft> = (draft: Draft, frame: Frame) => Promise<Answer<Draft>>;

/** The draft as the last step left it; undefined when it was cancelled. */
export async function askInSteps<Draft>(
  title: string,
  draft: Draft,
  steps: readonly Step<Draft>[],
): Promise<Draft | undefined> {
  let now = draft;
  let index = 0;
  for (let step = steps[0]; step; step = steps[index]) {
    const answer = await step(now, { title, step: index + 1, totalSteps: steps.length });
    if (answer.is === "cancelled") return undefined;
    now = answer.draft;
    index += answer.is === "back" ? -1 : 1;
  }
  return now;
}

/** A QuickPick or an InputBox. */
interface StepInput extends QuickInput {
  buttons: readonly QuickInputButton[];
  readonly onDidTriggerButton: Event<QuickInputButton>;
}

interface StepWiring<Draft> {
  /** The draft to go back with. */
  readonly keep: () => Draft;
  /** Listens to the input, and calls `next` with the draft when it is answered. */
  readonly listen: (next: (draft: Draft) => void) => readonly Disposable[];
}

/** Shows an input until it is answered, gone back from or cancelled, and disposes of it. */
export async function showStep<Draft>(
  input: StepInput,
  { title, step, totalSteps }: Frame,
  { keep, listen }: StepWiring<Draft>,
): Promise<Answer<Draft>> {
  const { promise, resolve } = Promise.withResolvers<Answer<Draft>>();
  input.title = title;
  input.ignoreFocusOut = true;
  if (totalSteps > 1) {
    input.step = step;
    input.totalSteps = totalSteps;
  }
  if (step > 1) input.buttons = [QuickInputButtons.Back];
  const owned = Disposable.from(
    input.onDidTriggerButton((button) => {
      if (button === QuickInputButtons.Back) resolve({ is: "back", draft: keep() });
    }),
    input.onDidHide(() => resolve({ is: "cancelled" })),
    ...listen((draft) => resolve({ is: "next", draft })),
    input,
  );
  input.show();
  return promise.finally(() => owned.dispose());
}

export interface TextQuestion<Draft> {
  readonly value: string;
  readonly prompt: string;
  /** What there is to say about the text as it stands; errors keep it from being taken. */
  readonly judge: (text: string) => InputBoxValidationMessage | undefined;
  /** The draft with the text in it. */
  readonly take: (text: string) => Draft;
}

export function askText<Draft>(
  frame: Frame,
  { value, prompt, judge, take }: TextQuestion<Draft>,
): Promise<Answer<Draft>> {
  const box = window.createInputBox();
  box.value = value;
  box.prompt = prompt;
  box.validationMessage = judge(value);
  return showStep(box, frame, {
    keep: () => take(box.value),
    listen: (next) => [
      box.onDidChangeValue((text) => {
        box.validationMessage = judge(text);
      }),
      box.onDidAccept(() => {
        const isWrong = judge(box.value)?.severity === InputBoxValidationSeverity.Error;
        if (!isWrong) next(take(box.value));
      }),
    ],
  });
}
