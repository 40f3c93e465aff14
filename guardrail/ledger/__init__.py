"""The ledger: what runs, states and bills have said, as files that are written once, and the views over them.

Facts lie below `v1/` of a folder or an object store, each file named by the hash of its bytes. Writing them needs no lock
and no database: the same fact is the same file. DuckDB, which only this package imports, reads them.
"""
