"""asyncio's task queue in the world's time, in place of the interpreter's `_asyncio`.

That one is C and stamps tasks with the machine's own ticks, which know nothing of leaps. Same
interface and states as MicroPython's `extmod/asyncio/task.py`:

    Task.state  True: running, nobody waits; a TaskQueue: those who wait for its end; a callable:
                to be called at its end; None: ended, nobody waited; False: ended and awaited
    Task.data   the exception to throw into it, or the queue or task it waits on, or how it ended
"""

import _clock


class TaskQueue:
    """Tasks by the time they are due; first in, first out where that is equal."""

    def __init__(self):
        self._tasks = []

    def peek(self):
        return self._tasks[0] if self._tasks else None

    def push(self, task, key=None):
        task.data = None
        task.ph_key = key = _clock.ticks_ms() if key is None else key
        tasks = self._tasks
        at = len(tasks)
        while at and _clock.ticks_diff(tasks[at - 1].ph_key, key) > 0:
            at -= 1
        tasks.insert(at, task)

    def pop(self):
        return self._tasks.pop(0)

    def remove(self, task):
        for at in range(len(self._tasks)):
            if self._tasks[at] is task:
                del self._tasks[at]
                return


class Task:
    def __init__(self, coro, context):
        self.coro = coro
        self.data = None
        self.state = True
        self.ph_key = 0
        self._context = context  # the globals of asyncio.core

    def __iter__(self):
        if not self.state:
            self.state = False
        elif self.state is True:
            self.state = TaskQueue()
        elif not isinstance(self.state, TaskQueue):
            raise RuntimeError("can't wait")
        return self

    def __next__(self):
        if not self.state:
            raise self.data
        waiting = self._context["cur_task"]
        self.state.push(waiting)
        waiting.data = self

    def done(self):
        return not self.state

    def cancel(self):
        if not self.state:
            return False
        if self is self._context["cur_task"]:
            raise RuntimeError("can't cancel self")
        task = self
        while isinstance(task.data, Task):
            task = task.data
        queue = self._context["_task_queue"]
        if hasattr(task.data, "remove"):
            task.data.remove(task)
            queue.push(task)
        elif _clock.ticks_diff(task.ph_key, _clock.ticks_ms()) > 0:
            queue.remove(task)
            queue.push(task)
        task.data = self._context["CancelledError"]
        return True
