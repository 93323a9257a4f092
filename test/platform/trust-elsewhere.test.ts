/** The stores that are explained only: a Java of the user's own, and the Windows around WSL. */
import assert from "node:assert/strict";
import { access, copyFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { trustElsewhere } from "../../src/platform/trust-elsewhere.ts";
import { run } from "../e2e/program.ts";
import { TrustPlace } from "./trust-place.ts";

const debianJava = "/etc/ssl/certs/java/cacerts";
const noJava = await Promise.all([access("/usr/bin/keytool"), access(debianJava)]).then(
  () => false,
  () => "this system has no Java of Debian's",
);

/** A Java in a folder with a space: the system's keytool, and a keystore of its own. */
async function javaIn(place: TrustPlace) {
  const home = await place.folder("my java");
  await place.folder("my java", "bin");
  await writeFile(join(home, "bin", "keytool"), "", { mode: 0o755 });
  await place.folder("my java", "lib", "security");
  return { home, keystore: join(home, "lib", "security", "cacerts") };
}

test("a Java of the user's own is explained by a command that works, and only while it is needed", {
  skip: noJava,
}, async () => {
  await using place = await TrustPlace.make();
  const { home, keystore } = await javaIn(place);
  await copyFile(debianJava, keystore);
  const machine = place.machine({ environment: { ...place.environment, JAVA_HOME: home } });
  /** Runs the command as pasted, but for the keytool's own idea of where its keystore lies. */
  const paste = async (change: "add" | "remove") => {
    const [java, ...others] = await trustElsewhere(machine, place.root, change);
    assert.ok(java);
    assert.deepEqual(others, []);
    const keytool = `'${join(home, "bin", "keytool").replace("'", "'\\''")}'`;
    assert.ok(java.command.startsWith(`${keytool} `), java.command);
    const words = java.command.slice(keytool.length).replace("-cacerts", '-keystore "$KEYSTORE"');
    const environment = { ...place.environment, KEYSTORE: keystore };
    const { status, output } = await run("sh", ["-c", `/usr/bin/keytool${words}`], environment);
    assert.equal(status, 0, output);
  };
  assert.deepEqual(await trustElsewhere(machine, place.root, "remove"), []);
  await paste("add");
  assert.deepEqual(await trustElsewhere(machine, place.root, "add"), []);
  await paste("remove");
  assert.deepEqual(await trustElsewhere(machine, place.root, "remove"), []);
});

test("a Java that takes the system's certificates needs no word", { skip: noJava }, async () => {
  await using place = await TrustPlace.make();
  const { home, keystore } = await javaIn(place);
  await symlink(debianJava, keystore);
  const machine = place.machine({ environment: { ...place.environment, JAVA_HOME: home } });
  assert.deepEqual(await trustElsewhere(machine, place.root, "add"), []);
});

test("a JAVA_HOME that leads nowhere is no Java", async () => {
  await using place = await TrustPlace.make();
  const machine = place.machine({ environment: { PATH: "", JAVA_HOME: join(place.home, "gone") } });
  assert.deepEqual(await trustElsewhere(machine, place.root, "add"), []);
});

test("under WSL the other side is explained", async () => {
  await using place = await TrustPlace.make();
  const environment = { PATH: "", WSL_DISTRO_NAME: "Debian", JAVA_HOME: place.home };
  const machine = place.machine({ environment });
  const [add] = await trustElsewhere(machine, place.root, "add");
  const path = place.root.file.replace("'", "'\\''");
  assert.equal(add?.command, `certutil.exe -user -addstore Root "$(wslpath -w '${path}')"`);
  const [remove] = await trustElsewhere(machine, place.root, "remove");
  assert.equal(remove?.command, `certutil.exe -user -delstore Root ${place.root.sha1}`);
});
