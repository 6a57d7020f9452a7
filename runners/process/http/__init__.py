"""The HTTP server: connections of one worker process, and the threads that answer their requests.

The process's event loop reads and writes all connections. A request gets a thread once its headers
and its body are all there, and gives the thread back with the whole response. So neither a client
that sends slowly nor one that reads slowly holds a thread. This room knows WSGI and gunicorn, and
not what is served."""
