"""What lies in object stores.

content.py     digests of the bytes, and of what they mean
"""
