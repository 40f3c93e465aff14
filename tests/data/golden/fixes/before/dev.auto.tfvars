# chosen for this stage
standby = true
