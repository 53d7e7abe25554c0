import { describeVectorIndex } from '@ms/testing'
import { exactVectorIndex } from './exact-vector-index.js'

describeVectorIndex('exactVectorIndex', { create: exactVectorIndex })
