-- Take the statistics of a new partition. Few values and even GUIDs: a fifth of the usual sample says as much.
SET LOCAL default_statistics_target = 20;
SELECT kernel_analyze(%(partition)s)
