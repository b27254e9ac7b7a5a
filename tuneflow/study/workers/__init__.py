"""Where trials run: in this process, in processes of this machine, or behind an executor.

A pool of workers is handed trials and hands back what came of them. It never touches the storage:
the loop alone asks, writes and tells, so that any storage will do, also memory, and whoever is
killed leaves nothing half written.
"""
