"""What a person asks of a deployed system, with their own AWS credentials."""
