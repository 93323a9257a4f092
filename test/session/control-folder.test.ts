import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { controlFolder, controlledPorts, isSafeFolder } from "../../src/session/control-folder.ts";
import { Place } from "./place.ts";

const linux = { platform: "linux", environment: {}, uid: 1000 } as const;

describe("The folder of the control sockets", () => {
  it("lies in the state directory", () => {
    assert.equal(controlFolder("/home/me/state", linux).socket(443), "/home/me/state/run/443.sock");
  });

  it("lies where paths are short when the state directory is too deep, another one for each", () => {
    const deep = (name: string) => `/home/me/${"deep/".repeat(20)}${name}`;
    const environment = { XDG_RUNTIME_DIR: "/run/user/1000" };
    const inRuntime = controlFolder(deep("a"), { ...linux, environment });
    assert.match(inRuntime.socket(8443), /^\/run\/user\/1000\/oneport-[0-9a-f]{16}\/8443\.sock$/);
    assert.notEqual(inRuntime.path, controlFolder(deep("b"), { ...linux, environment }).path);
    assert.match(
      controlFolder(deep("a"), linux).socket(8443),
      /^\/tmp\/oneport-1000-[0-9a-f]{16}\/8443\.sock$/,
    );
  });

  it("counts bytes, not characters", () => {
    assert.match(controlFolder(`/home/${"é".repeat(45)}`, linux).path ?? "", /^\/tmp\//);
  });

  it("is none on Windows: a pipe's name is no path", () => {
    const { path, socket } = controlFolder("C:\\state", { ...linux, platform: "win32", uid: undefined });
    assert.equal(path, undefined);
    assert.match(socket(443), /^\\\\\.\\pipe\\oneport-[0-9a-f]{16}-443$/);
  });

  it("is told apart on Windows from the pipes of all others by their names", async () => {
    const windows = { ...linux, platform: "win32", uid: undefined } as const;
    const folder = controlFolder("C:\\state", windows);
    const nameOf = (socket: string) => socket.slice("\\\\.\\pipe\\".length);
    const names = [
      "lsass",
      "LOCAL\\vscode-8443",
      nameOf(folder.socket(8443)),
      `${nameOf(folder.socket(443))}0x`,
      nameOf(controlFolder("C:\\another", windows).socket(443)),
      nameOf(folder.socket(443)),
    ];
    const list = async (path: string) => (path === "\\\\.\\pipe\\" ? names : assert.fail(path));
    assert.deepEqual(await controlledPorts(folder, list), [8443, 443]);
  });

  it("is made for this user alone, and not by looking", async () => {
    const directory = await mkdtemp(join(tmpdir(), "oneport-control-"));
    try {
      const folder = controlFolder(join(directory, "state"), { ...linux, uid: process.getuid?.() });
      assert.equal(await isSafeFolder(folder, "look"), false);
      assert.deepEqual(await controlledPorts(folder), []);
      assert.equal(await isSafeFolder(folder, "make"), true);
      assert.equal((await stat(folder.path ?? "")).mode & 0o777, 0o700);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe("Another user of the machine", () => {
  const skip = process.getuid?.() === 0 ? false : "only root can become another user";
  const nobody = 65_534;

  it("cannot reach the control socket of a mux that runs", { skip }, async () => {
    await using place = await Place.create();
    await place.open("a").listening();
    const path = join(place.stateDirectory, "run", `${place.port}.sock`);
    // What keeps others out is the folder itself, wherever it lies.
    for (const above of [place.stateDirectory, dirname(place.stateDirectory)]) await chmod(above, 0o755);
    const program = `require("node:net").connect(${JSON.stringify(path)})
      .on("connect", () => console.log("connected")).on("error", ({ code }) => console.log(code))`;
    const { stdout } = spawnSync(process.execPath, ["-e", program], {
      uid: nobody,
      gid: nobody,
      timeout: 20_000,
    });
    assert.equal(String(stdout).trim(), "EACCES");
  });

  it("cannot stand in for the owner by a folder of its own", { skip }, async () => {
    const directory = await mkdtemp(join(tmpdir(), "oneport-control-"));
    try {
      const folder = controlFolder(directory, { ...linux, uid: process.getuid?.() });
      assert.equal(spawnSync("chmod", ["777", directory]).status, 0);
      assert.equal(
        spawnSync("mkdir", ["-m", "700", folder.path ?? ""], { uid: nobody, gid: nobody }).status,
        0,
      );
      for (const how of ["look", "make"] as const) {
        await assert.rejects(
          isSafeFolder(folder, how),
          ({ problem }) => problem.code === "control-folder-unsafe",
        );
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
