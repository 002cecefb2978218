"""What happens on the morning when everyone comes at once, and who wrote down what was answered?"""
