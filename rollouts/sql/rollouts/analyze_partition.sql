-- Take the statistics of a new partition, in which every hub is new.
ANALYZE {partition}
