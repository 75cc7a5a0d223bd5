// Plays one scene: node play.mjs FILE SCENE.

import { closed } from "./browser.mjs";

const [file, scene] = process.argv.slice(2);
const scenes = await import(`./${file}.mjs`);
try {
  await scenes[scene]();
} catch (error) {
  console.error(error.stack ?? error);
  process.exitCode = 1;
} finally {
  await closed();
  process.stdin.destroy();
}
