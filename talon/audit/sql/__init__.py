"""Where are the statements by which the auditor reads what the services remember?"""
