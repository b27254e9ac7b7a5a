"""The commands of the shell: each reads files, calls one public function and writes what it gave.

A command knows options, files, text and exit codes. What it does with a table or a study lives in
the folders below, none of which imports this one. Libraries are imported inside the commands, so
that ``tuneflow --help`` does not wait for them.
"""
