"""Letters that were handed over to a worker: taken from the queue, and sent as the worker does."""

from __future__ import annotations

from queue import Empty

from portal.celery import app


def send_letters() -> int:
    """Run the tasks that wait to be delivered; return how many there were."""
    done = 0
    with app.connection_for_read() as connection, connection.SimpleQueue("deliver") as queue:
        while True:
            try:
                message = queue.get(block=False)
            except Empty:
                return done
            message.ack()
            app.tasks[message.headers["task"]](*message.payload[0])
            done += 1
