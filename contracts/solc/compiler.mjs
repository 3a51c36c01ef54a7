// A compiler forge starts: npm solc behind the two calls forge makes of a native solc,
// `--version` and `--standard-json` (input on stdin). Other flags (--allow-paths ...) mean nothing to it and are ignored.
import { readFileSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'

/** Writes all of text: stdout may be a pipe that takes less than asked. */
function emit(text) {
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

/** Answers forge with the solc of an npm package. */
export function run(packageName) {
  const solc = createRequire(import.meta.url)(packageName)
  if (process.argv.includes('--version')) {
    emit(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`)
  } else {
    emit(solc.compile(readFileSync(0, 'utf8')))
  }
}
