export { meanRows, type RaggedIds, type StaticTable } from './static-table.js'
