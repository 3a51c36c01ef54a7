#!/usr/bin/env node
// The compiler of our own contracts.
import { run } from './compiler.mjs'

run('solc')
