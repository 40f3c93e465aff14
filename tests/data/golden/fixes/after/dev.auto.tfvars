# chosen for this stage
standby = false
